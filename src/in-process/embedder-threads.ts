import { Worker } from 'node:worker_threads';
import { ProcessingFailure } from '../errors.js';

export type Purpose = 'document' | 'query';

export interface EncoderJob {
  texts: readonly string[];
  purpose: Purpose;
}

/** The first message of a thread: its model is loaded. */
export interface EncoderReady {
  ready: true;
}

export interface EmbedderReply {
  vectors: Float32Array[];
}

/**
 * Work for one thread. It is asked for when a thread is free, so that what came later but is more
 * urgent can go first.
 */
export interface Work extends EncoderJob {
  done(vectors: Float32Array[]): void;
  failed(error: ProcessingFailure): void;
}

export interface Threads {
  /** There is work: every free thread asks for one piece. */
  wake(): void;
  /** Rejects what is under way. */
  stop(): Promise<void>;
}

interface Thread {
  worker: Worker;
  /** The model is loaded: before that a thread takes no work, which another one may do sooner. */
  ready: boolean;
  work: Work | null;
}

interface Options {
  limit: number;
  nextWork: () => Work | undefined;
  /** How much work `nextWork` has. */
  waiting: () => number;
}

const WORKER = new URL('./embedder-worker.js', import.meta.url);

/**
 * Up to `limit` threads with one piece of work each. The first starts at once, to be warm; the
 * others when there is work for them. A thread that dies fails its work and no other; the next
 * piece starts a new one.
 */
export function createThreads({ limit, nextWork, waiting }: Options): Threads {
  const threads = new Set<Thread>();
  let stopped = false;

  const start = (): Thread => {
    const thread: Thread = { worker: new Worker(WORKER), ready: false, work: null };
    thread.worker.on('message', (message: EncoderReady | EmbedderReply) => {
      if ('ready' in message) thread.ready = true;
      else finish(thread)?.done(message.vectors);
      wake();
    });
    thread.worker.on('error', (error: Error) => lose(thread, error));
    thread.worker.on('exit', (code) =>
      lose(thread, new Error(`the thread ended with code ${code}`)),
    );
    threads.add(thread);
    return thread;
  };

  const finish = (thread: Thread): Work | null => {
    const { work } = thread;
    thread.work = null;
    return work;
  };

  const lose = (thread: Thread, cause: Error): void => {
    if (!threads.delete(thread)) return;
    const message = stopped ? 'The encoder was stopped.' : 'The encoder failed.';
    // A thread that could not load its model fails what it was started for; otherwise the next one
    // would be started for ever.
    const work = thread.ready ? finish(thread) : nextWork();
    work?.failed(new ProcessingFailure('EMBEDDER_UNAVAILABLE', message, { cause }));
    wake();
  };

  const wake = (): void => {
    if (stopped) return;
    for (const thread of threads) {
      if (thread.ready && thread.work === null) begin(thread);
    }
    for (
      let starting = countStarting();
      starting < waiting() && threads.size < limit;
      starting += 1
    )
      start();
  };

  const begin = (thread: Thread): void => {
    const work = nextWork();
    if (!work) return;
    thread.work = work;
    thread.worker.postMessage({ texts: work.texts, purpose: work.purpose } satisfies EncoderJob);
  };

  const countStarting = (): number => [...threads].filter(({ ready }) => !ready).length;

  start();
  return {
    wake,
    async stop() {
      stopped = true;
      await Promise.all([...threads].map(({ worker }) => worker.terminate()));
    },
  };
}

import { Worker } from 'node:worker_threads';
import { ProcessingFailure } from '../errors.js';

export type Purpose = 'document' | 'query';

export interface EmbedderJob {
  texts: readonly string[];
  purpose: Purpose;
}

/** The first message of a thread: its model is loaded. */
export interface EmbedderReady {
  ready: true;
}

export interface EmbedderReply {
  vectors: Float32Array[];
}

/**
 * Work for one thread. A thread takes it only when it is free, so that urgent work can overtake
 * earlier work.
 */
export interface Work extends EmbedderJob {
  done(vectors: Float32Array[]): void;
  failed(error: ProcessingFailure): void;
}

export interface EmbedderThreads {
  /** Lets every free thread take one piece of work. Call it when there is new work. */
  wake(): void;
  /** Rejects the work of all threads. */
  stop(): Promise<void>;
}

interface Thread {
  worker: Worker;
  /** Whether the model is loaded. Until then another thread may take the work sooner. */
  isReady: boolean;
  work: Work | null;
}

interface Options {
  limit: number;
  nextWork: () => Work | undefined;
  /** Returns how many pieces of work `nextWork` has. */
  waiting: () => number;
}

const WORKER = new URL('./embedder-worker.js', import.meta.url);

/**
 * Starts up to `limit` threads with one piece of work each. The first one starts at once, to load
 * its model; the others when there is work for them. If a thread dies, only its own work fails, and
 * the next piece of work starts a new thread.
 */
export function createEmbedderThreads({ limit, nextWork, waiting }: Options): EmbedderThreads {
  const threads = new Set<Thread>();
  let isStopped = false;

  function start(): void {
    const thread: Thread = { worker: new Worker(WORKER), isReady: false, work: null };
    thread.worker.on('message', (message: EmbedderReady | EmbedderReply) => {
      if ('ready' in message) thread.isReady = true;
      else finish(thread)?.done(message.vectors);
      wake();
    });
    thread.worker.on('error', (error: Error) => lose(thread, error));
    thread.worker.on('exit', (code) =>
      lose(thread, new Error(`the thread ended with code ${code}`)),
    );
    threads.add(thread);
  }

  function finish(thread: Thread): Work | null {
    const { work } = thread;
    thread.work = null;
    return work;
  }

  function lose(thread: Thread, cause: Error): void {
    if (!threads.delete(thread)) return;
    const message = isStopped
      ? 'The embedder was stopped.'
      : 'The embedder failed; it is retried later.';
    // A thread that fails to load its model fails the work it was started for. Otherwise that work
    // would start new threads without end.
    const work = thread.isReady ? finish(thread) : nextWork();
    work?.failed(new ProcessingFailure('EMBEDDER_UNAVAILABLE', message, { cause }));
    wake();
  }

  function wake(): void {
    if (isStopped) return;
    for (const thread of threads) {
      if (thread.isReady && thread.work === null) takeWork(thread);
    }
    for (
      let starting = countStarting();
      starting < waiting() && threads.size < limit;
      starting += 1
    )
      start();
  }

  function takeWork(thread: Thread): void {
    const work = nextWork();
    if (!work) return;
    thread.work = work;
    thread.worker.postMessage({ texts: work.texts, purpose: work.purpose } satisfies EmbedderJob);
  }

  function countStarting(): number {
    return [...threads].filter(({ isReady }) => !isReady).length;
  }

  start();
  return {
    wake,
    stop: async () => {
      isStopped = true;
      await Promise.all([...threads].map(({ worker }) => worker.terminate()));
    },
  };
}

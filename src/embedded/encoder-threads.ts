import { Worker } from 'node:worker_threads';
import { ProcessingFailure } from '../errors.js';

export interface EncoderJob {
  texts: readonly string[];
}

export interface EncoderAnswer {
  vectors: Float32Array[];
}

/** Work for one thread. It is asked for when a thread is free, so that what came later but is more urgent can go first. */
export interface Work {
  texts: readonly string[];
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
  work: Work | null;
}

const WORKER = new URL('./encoder-worker.js', import.meta.url);

/**
 * Up to `limit` threads with one piece of work each. The first starts at once, to be warm; the others when there is work for them. A thread
 * that dies fails its work and no other; the next piece starts a new one.
 */
export function createThreads({ limit, nextWork }: { limit: number; nextWork: () => Work | undefined }): Threads {
  const threads = new Set<Thread>();
  let stopped = false;

  const start = (): Thread => {
    const thread: Thread = { worker: new Worker(WORKER), work: null };
    thread.worker.on('message', ({ vectors }: EncoderAnswer) => {
      finish(thread)?.done(vectors);
      wake();
    });
    thread.worker.on('error', (error: Error) => lose(thread, error));
    thread.worker.on('exit', (code) => lose(thread, new Error(`the thread ended with code ${code}`)));
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
    finish(thread)?.failed(new ProcessingFailure('EMBEDDER_UNAVAILABLE', message, { cause }));
    wake();
  };

  const wake = (): void => {
    while (!stopped) {
      const idle = [...threads].find(({ work }) => work === null);
      if (!idle && threads.size >= limit) return;
      const work = nextWork();
      if (!work) return;
      const thread = idle ?? start();
      thread.work = work;
      thread.worker.postMessage({ texts: work.texts } satisfies EncoderJob);
    }
  };

  start();
  return {
    wake,
    async stop() {
      stopped = true;
      await Promise.all([...threads].map(({ worker }) => worker.terminate()));
    },
  };
}

/**
 * At most `size` reading processes. They are started when needed, kept running, and replaced when
 * they have read many documents or grown large. Requests are served in their order.
 */
import type { ReaderProcess } from './reader-process.js';

export interface ProcessPoolOptions {
  size: number;
  start: () => ReaderProcess;
  /** A process that has read this many is replaced, because libraries leak memory. */
  maxDocuments: number;
  /** A process that is still this large after a document is replaced. */
  maxIdleRssBytes: number;
}

export interface ProcessPool {
  /** Rejects with the signal's reason when it aborts while waiting. */
  withProcess<T>(signal: AbortSignal, use: (process: ReaderProcess) => Promise<T>): Promise<T>;
  /** Kills the idle processes. Busy ones are killed through their signals. */
  stop(): Promise<void>;
}

export function createProcessPool(options: ProcessPoolOptions): ProcessPool {
  const semaphore = createSemaphore(options.size);
  const idle: ReaderProcess[] = [options.start()];
  let stopped = false;

  function take(): ReaderProcess {
    for (let process = idle.pop(); process !== undefined; process = idle.pop()) {
      if (process.isAlive()) return process;
    }
    return options.start();
  }

  /** Keeps one process idle, so that the next document does not wait for a process to start. */
  async function giveBack(process: ReaderProcess): Promise<void> {
    if (!stopped && isFit(process, options)) {
      idle.push(process);
      return;
    }
    await process.kill();
    if (!stopped && idle.length === 0) idle.push(options.start());
  }

  async function useProcess<T>(use: (process: ReaderProcess) => Promise<T>): Promise<T> {
    const process = take();
    try {
      return await use(process);
    } finally {
      await giveBack(process);
    }
  }

  return {
    withProcess: async (signal, use) => {
      const release = await semaphore.acquire(signal);
      try {
        return await useProcess(use);
      } finally {
        release();
      }
    },
    stop: async () => {
      stopped = true;
      await Promise.all(idle.splice(0).map((process) => process.kill()));
    },
  };
}

function isFit(
  process: ReaderProcess,
  { maxDocuments, maxIdleRssBytes }: ProcessPoolOptions,
): boolean {
  return (
    process.isAlive() && process.documents() < maxDocuments && process.rssBytes() < maxIdleRssBytes
  );
}

interface Semaphore {
  /** Returns the function that releases what was acquired. Rejects with the signal's reason. */
  acquire(signal: AbortSignal): Promise<() => void>;
}

function createSemaphore(size: number): Semaphore {
  const waiting: (() => void)[] = [];
  let available = size;

  function release(): void {
    const next = waiting.shift();
    if (next === undefined) available += 1;
    else next();
  }

  function wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const proceed = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = (): void => {
        waiting.splice(waiting.indexOf(proceed), 1);
        reject(signal.reason as Error);
      };
      waiting.push(proceed);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  return {
    acquire: async (signal) => {
      signal.throwIfAborted();
      if (available > 0) available -= 1;
      else await wait(signal);
      return release;
    },
  };
}

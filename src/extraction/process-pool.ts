/**
 * At most `size` reading processes, started when needed, kept warm, replaced when they are worn.
 * First come, first served.
 */
import type { ReaderProcess } from './reader-process.js';

export interface ProcessPoolOptions {
  size: number;
  start: () => ReaderProcess;
  /** A process that read as many is replaced: libraries leak. */
  maxDocuments: number;
  /** So is one that is still this large after a document. */
  maxIdleRssBytes: number;
}

export interface ProcessPool {
  /** Rejects with the signal's reason when it aborts while waiting. */
  withProcess<T>(signal: AbortSignal, use: (process: ReaderProcess) => Promise<T>): Promise<T>;
  /** Kills the idle ones; those at work are killed through their signals. */
  stop(): Promise<void>;
}

export function createProcessPool(options: ProcessPoolOptions): ProcessPool {
  const slots = createSlots(options.size);
  const idle: ReaderProcess[] = [options.start()];
  let stopped = false;

  function take(): ReaderProcess {
    for (let process = idle.pop(); process !== undefined; process = idle.pop()) {
      if (process.isAlive()) return process;
    }
    return options.start();
  }

  /**
   * One warm process always waits, so that the next document does not pay for the death of this
   * one's.
   */
  async function giveBack(process: ReaderProcess): Promise<void> {
    if (!stopped && isFit(process, options)) {
      idle.push(process);
      return;
    }
    await process.kill();
    if (!stopped && idle.length === 0) idle.push(options.start());
  }

  return {
    withProcess: async (signal, use) => {
      const release = await slots.acquire(signal);
      const process = take();
      try {
        return await use(process);
      } finally {
        await giveBack(process);
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

interface Slots {
  /** Answers the way to give the slot back. */
  acquire(signal: AbortSignal): Promise<() => void>;
}

function createSlots(size: number): Slots {
  const waiting: (() => void)[] = [];
  let free = size;

  function release(): void {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  }

  function wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const proceed = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        waiting.splice(waiting.indexOf(proceed), 1);
        reject(signal.reason as Error);
      };
      waiting.push(proceed);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  return {
    acquire: async (signal) => {
      signal.throwIfAborted();
      if (free > 0) free -= 1;
      else await wait(signal);
      return release;
    },
  };
}

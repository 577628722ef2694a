/** Entry of the process that reads documents. Its parent speaks protocol.ts and kills it when it takes too much. */
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { ProcessingFailure } from '../errors.js';
import type { ReadAnswer, ReadJob } from './protocol.js';
import { readDocument } from './read-document.js';

const CAUSE_CHARS = 2_000;
/** Of all documents' folders, and there as long as this process is. */
const HOME = process.cwd();

function answer(message: ReadAnswer): void {
  process.send?.(message);
}

async function serve(job: ReadJob): Promise<void> {
  answer({ type: 'started' });
  answer(await outcomeOf(job));
}

async function outcomeOf(job: ReadJob): Promise<ReadAnswer> {
  try {
    process.chdir(job.folder);
    await readDocument(job);
    return { type: 'done', rssBytes: process.memoryUsage.rss() };
  } catch (error) {
    return toFailedAnswer(error);
  } finally {
    // With the answer the folder may go, and a thread that starts in a folder that is gone ends the process.
    process.chdir(HOME);
  }
}

function toFailedAnswer(error: unknown): ReadAnswer {
  const failure =
    error instanceof ProcessingFailure ? error : new ProcessingFailure('INTERNAL', 'The document could not be read.', { cause: error });
  const cause = inspect(failure.cause).slice(0, CAUSE_CHARS);
  return { type: 'failed', code: failure.code, message: failure.message, cause, rssBytes: process.memoryUsage.rss() };
}

// Ctrl-C in a terminal goes to every process of the group; when this one ends is the parent's decision.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));
process.on('message', (job) => void serve(job as ReadJob));
// No limit on its heap: Node itself takes over 7 MB of it, and a thread that runs out of its own ends the reader and is blamed on the document.
new Worker(new URL('./watchdog-thread.js', import.meta.url), { workerData: process.ppid }).unref();

/**
 * Entry of the process that reads documents. Its parent speaks protocol.ts and kills it when it
 * takes too much.
 */
import { denyThreads } from './denials.js';
import { setImmediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { ProcessingFailure } from '../errors.js';
import { WATCH_PARENT, type ReadReply, type ReadJob } from './protocol.js';
import { readDocument, toReadFailure } from './read-document.js';

const CAUSE_CHARS = 2_000;
/** Of all documents' folders, and there as long as this process is. */
const HOME = process.cwd();

let isReading = false;

/** The first answer to a job is the only one. */
function answer(
  message: Exclude<ReadReply, { type: 'started' }>,
  onSent = (): void => undefined,
): void {
  if (isReading) {
    process.channel?.ref();
    process.send?.(message, onSent);
  }
  isReading = false;
}

async function serve(job: ReadJob): Promise<void> {
  isReading = true;
  // While a document is read only the reader keeps this process running: see endWithoutOutcome.
  process.channel?.unref();
  process.send?.({ type: 'started' } satisfies ReadReply);
  answer(await outcomeOf(job));
}

async function outcomeOf(job: ReadJob): Promise<Exclude<ReadReply, { type: 'started' }>> {
  try {
    process.chdir(job.folder);
    await readDocument(job);
    // What the libraries reject late belongs to this document, not to the next.
    await setImmediate();
    return { type: 'done', rssBytes: process.memoryUsage.rss() };
  } catch (error) {
    return toFailedAnswer(error);
  } finally {
    // With the answer the folder may go, and a thread that starts in a folder that is gone ends the
    // process.
    process.chdir(HOME);
  }
}

function toFailedAnswer(error: unknown): Extract<ReadReply, { type: 'failed' }> {
  const failure =
    error instanceof ProcessingFailure
      ? error
      : new ProcessingFailure('INTERNAL', 'The document could not be read.', { cause: error });
  const cause = inspect(failure.cause).slice(0, CAUSE_CHARS);
  return {
    type: 'failed',
    code: failure.code,
    message: failure.message,
    cause,
    rssBytes: process.memoryUsage.rss(),
    isLast: false,
  };
}

/**
 * A library throws or rejects where nobody can catch it: the document is damaged, and what else is
 * broken in here is unknown.
 */
function endUnexpectedly(error: unknown): void {
  if (!isReading) process.exit(1);
  answer({ ...toFailedAnswer(toReadFailure(error)), isLast: true }, () => process.exit(1));
}

/**
 * The event loop is empty and the reader has not finished: its library waits for something that
 * cannot come any more.
 */
function endWithoutOutcome(): void {
  if (isReading) endUnexpectedly(new Error('the reader waits for nothing'));
}

/**
 * No limit on its heap: Node itself takes over 7 MB of it, and a thread that runs out of its own
 * ends the reader and is blamed on the document.
 */
function watchParent(): void {
  new Worker(new URL('./watchdog-thread.js', import.meta.url), {
    workerData: process.ppid,
  }).unref();
}

// Ctrl-C in a terminal goes to every process of the group; when this one ends is the parent's
// decision.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
process.on('uncaughtException', endUnexpectedly);
process.on('unhandledRejection', endUnexpectedly);
process.on('beforeExit', endWithoutOutcome);
process.on('disconnect', () => process.exit(0));
process.on('message', (job) => void serve(job as ReadJob));
if (process.argv.includes(WATCH_PARENT)) watchParent();
denyThreads();

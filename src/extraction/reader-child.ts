/**
 * The entry of the process that reads documents. Its parent sends it the messages of protocol.ts,
 * and kills it if it exceeds a limit.
 */
import { denyThreads } from './denials.js';
import { setImmediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { ProcessingFailure } from '../errors.js';
import { WATCH_PARENT, type ReadReply, type ReadJob } from './protocol.js';
import { readDocument, toReadFailure } from './read-document.js';

const CAUSE_CHARS = 2_000;
/** The parent folder of the documents' folders. It exists as long as this process. */
const HOME = process.cwd();

let isReading = false;

/** Sends the first reply to a job only. */
function sendReply(
  reply: Exclude<ReadReply, { type: 'started' }>,
  onSent = (): void => undefined,
): void {
  if (isReading) {
    process.channel?.ref();
    process.send?.(reply, onSent);
  }
  isReading = false;
}

async function serve(job: ReadJob): Promise<void> {
  isReading = true;
  // While a document is read, only the reader keeps this process running: see endWithoutOutcome.
  process.channel?.unref();
  process.send?.({ type: 'started' } satisfies ReadReply);
  sendReply(await outcomeOf(job));
}

async function outcomeOf(job: ReadJob): Promise<Exclude<ReadReply, { type: 'started' }>> {
  try {
    process.chdir(job.folder);
    await readDocument(job);
    // Late rejections of a library belong to this document, not to the next one.
    await setImmediate();
    return { type: 'done', rssBytes: process.memoryUsage.rss() };
  } catch (error) {
    return toFailedReply(error);
  } finally {
    // The parent may remove the folder after the reply. A thread that starts in a removed folder
    // ends the process.
    process.chdir(HOME);
  }
}

function toFailedReply(error: unknown): Extract<ReadReply, { type: 'failed' }> {
  const failure =
    error instanceof ProcessingFailure
      ? error
      : new ProcessingFailure('INTERNAL', 'The document could not be read; it is retried.', {
          cause: error,
        });
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
 * Handles an error that a library throws or rejects outside of any call. The document counts as
 * damaged, and the process ends, because its state is unknown.
 */
function endUnexpectedly(error: unknown): void {
  if (!isReading) process.exit(1);
  sendReply({ ...toFailedReply(toReadFailure(error)), isLast: true }, () => process.exit(1));
}

/** Handles an empty event loop before the reader has finished: its library would wait for ever. */
function endWithoutOutcome(): void {
  if (isReading) endUnexpectedly(new Error('the event loop ended before the reader did'));
}

/**
 * The thread has no limit on its heap: Node itself takes over 7 MB of it, and a thread without heap
 * would end the reader and fail the document.
 */
function watchParent(): void {
  new Worker(new URL('./watchdog-thread.js', import.meta.url), {
    workerData: process.ppid,
  }).unref();
}

// Ctrl-C in a terminal signals every process of the group. The parent decides when this one ends.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
process.on('uncaughtException', endUnexpectedly);
process.on('unhandledRejection', endUnexpectedly);
process.on('beforeExit', endWithoutOutcome);
process.on('disconnect', () => process.exit(0));
process.on('message', (job) => void serve(job as ReadJob));
if (process.argv.includes(WATCH_PARENT)) watchParent();
denyThreads();

/**
 * One child process that reads documents, one at a time.
 *
 *     starting ─► idle ─► reading ─► idle …        anything ─► dead (condemned by us, or by itself)
 *
 * It inherits nothing: no variable, no option of ours, no open file. Whoever condemns it first says why.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { ProcessingFailure } from '../errors.js';
import type { ReadAnswer, ReadJob } from './protocol.js';
import { watchRss } from './resident-memory.js';

const MIB = 1024 * 1024;
const STDERR_CHARS = 4_000;

export interface ReaderProcessOptions {
  /** The compiled reader-child.ts. */
  childPath: string;
  /** The only folder it may write in. */
  root: string;
  maxRssBytes: number;
  timeoutMs: number;
}

export interface ReaderProcess {
  /** Rejects with a ProcessingFailure, with the signal's reason, or with NeverStartedError. */
  read(job: ReadJob, signal: AbortSignal): Promise<void>;
  isAlive(): boolean;
  /** Documents read so far. */
  documents(): number;
  /** Resident memory after the last document, as the child itself saw it. */
  rssBytes(): number;
  /** Resolves when it is gone. */
  kill(): Promise<void>;
}

/** The child died before it touched the document, which is therefore not to blame. */
export class NeverStartedError extends Error {
  override readonly name = 'NeverStartedError';
}

export function startReaderProcess(options: ReaderProcessOptions): ReaderProcess {
  const child = forkChild(options);
  const stderr = tail(child);
  const exited = whenExited(child);
  let documents = 0;
  let rssBytes = 0;

  async function read(job: ReadJob, signal: AbortSignal): Promise<void> {
    documents += 1;
    const watch = watchReading(child, options, signal);
    try {
      const answer = await Promise.race([askChild(child, job, watch.onStarted), exited]);
      if (typeof answer === 'string') throw watch.whyEnded(`${answer}\n${stderr()}`);
      rssBytes = answer.rssBytes;
      if (answer.type === 'failed') throw new ProcessingFailure(answer.code, answer.message, { cause: new Error(answer.cause) });
    } finally {
      watch.stop();
    }
  }

  return {
    read,
    isAlive: () => child.connected && child.exitCode === null && child.signalCode === null && !child.killed,
    documents: () => documents,
    rssBytes: () => rssBytes,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function forkChild({ childPath, root, maxRssBytes }: ReaderProcessOptions): ChildProcess {
  // The heap's own limit is only the second line: it does not count buffers. The permissions keep a reader that a hostile file
  // has taken over from writing elsewhere, starting programs and loading native code.
  const heapMib = Math.max(64, Math.floor((maxRssBytes * 0.8) / MIB));
  const permissions = ['--permission', '--allow-fs-read=*', `--allow-fs-write=${root}`, '--allow-worker'];
  return fork(childPath, [], {
    execPath: process.execPath,
    execArgv: [`--max-old-space-size=${heapMib}`, '--disable-warning=SecurityWarning', ...permissions],
    env: {},
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

/** The last words of a child that crashes are the only hint why; more than a few lines are not kept. */
function tail(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-STDERR_CHARS);
  });
  return () => text;
}

/** Resolves, never rejects, with how it ended. */
function whenExited(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      // Also the error of a message to a child that is just dying; only one that never had a pid has no exit to wait for.
      if (child.pid === undefined) resolve(`the process did not start: ${error.message}`);
    });
    // Not at its exit, when its last words may still be in the pipe.
    child.once('close', (code, signal) => resolve(`the process ended with ${signal ?? `code ${code}`}`));
  });
}

type FinalAnswer = Exclude<ReadAnswer, { type: 'started' }>;

/** Never settles if the child dies: the race with its exit does. */
function askChild(child: ChildProcess, job: ReadJob, onStarted: () => void): Promise<FinalAnswer> {
  return new Promise((resolve) => {
    function onMessage(message: unknown): void {
      const answer = message as ReadAnswer;
      if (answer.type === 'started') return onStarted();
      child.off('message', onMessage);
      resolve(answer);
    }
    child.on('message', onMessage);
    child.send(job, () => undefined);
  });
}

interface Watch {
  onStarted(): void;
  /** Why we killed it, or that it ended by itself. */
  whyEnded(lastWords: string): unknown;
  stop(): void;
}

function watchReading(child: ChildProcess, { timeoutMs, maxRssBytes }: ReaderProcessOptions, signal: AbortSignal): Watch {
  let started = false;
  let verdict: unknown;
  function condemn(reason: unknown): void {
    verdict ??= reason;
    child.kill('SIGKILL');
  }
  const onAbort = (): void => condemn(signal.reason);
  const timer = setTimeout(() => condemn(started ? timeFailure(timeoutMs) : crashFailure(false, 'no answer in time')), timeoutMs);
  const unwatch = watchRss(child.pid ?? 0, maxRssBytes, () => condemn(memoryFailure(maxRssBytes)));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  return {
    onStarted: () => (started = true),
    whyEnded: (lastWords) => verdict ?? crashFailure(started, lastWords),
    stop() {
      clearTimeout(timer);
      unwatch();
      signal.removeEventListener('abort', onAbort);
    },
  };
}

function timeFailure(timeoutMs: number): ProcessingFailure {
  return new ProcessingFailure(
    'EXTRACTION_LIMIT',
    `Reading the document takes longer than the ${timeoutMs / 1000} seconds that one may take.`,
  );
}

function memoryFailure(maxRssBytes: number): ProcessingFailure {
  return new ProcessingFailure(
    'EXTRACTION_LIMIT',
    `Reading the document takes more than the ${Math.round(maxRssBytes / MIB)} MiB of memory that one may take.`,
  );
}

function crashFailure(started: boolean, lastWords: string): Error {
  if (!started) return new NeverStartedError(lastWords);
  return new ProcessingFailure('EXTRACTION_LIMIT', 'The document ended the process that read it.', { cause: new Error(lastWords) });
}

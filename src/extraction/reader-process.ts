/**
 * One child process that reads documents, one at a time.
 *
 *     starting ─► idle ─► reading ─► idle …        anything ─► dead (condemned by us, or by itself)
 *
 * It inherits nothing: no variable, no option of ours, no open file. It reads the program, its
 * packages and its home, a folder of its own to which the folder of its document is moved while it
 * is being read; it writes in its home only. Whoever condemns it first says why.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ProcessingFailure } from '../errors.js';
import type { Launcher } from './launcher.js';
import { CONTENT_FILE, WATCH_PARENT, type ReadReply, type ReadJob } from './protocol.js';
import { watchUsage, type Usage } from './process-usage.js';
import { readingTimeMs, timeFailure } from './time-limit.js';

const MIB = 1024 * 1024;
const STDERR_CHARS = 4_000;

export interface ReaderProcessOptions {
  /** The compiled reader-child.ts. */
  childPath: string;
  /** Folders and files that it may read: the program and its packages. */
  readable: readonly string[];
  launcher: Launcher;
  /** Where its home is made. Documents' folders are in the same file system. */
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
  const home = makeHome(options.root);
  const child = forkChild(options, home);
  const stderr = tail(child);
  const exited = whenExited(child);
  const removed = exited.then(removeHome);
  let reading: Promise<void> = Promise.resolve();
  let documents = 0;
  let rssBytes = 0;

  async function readAtHome(job: ReadJob, signal: AbortSignal): Promise<void> {
    const { size } = await stat(join(job.folder, CONTENT_FILE));
    const watch = watchReading(child, { ...options, fileBytes: size }, signal);
    try {
      const answer = await Promise.race([askChild(child, job, watch.onStarted), exited]);
      if (typeof answer === 'string') throw watch.whyEnded(`${answer}\n${stderr()}`);
      rssBytes = answer.rssBytes;
      if (answer.type === 'failed') throw toFailure(child, answer);
    } finally {
      watch.stop();
    }
  }

  /** Not before the document is out of it: another process may have to read it. */
  async function removeHome(): Promise<void> {
    await reading.catch(() => undefined);
    await rm(home, { recursive: true, force: true }).catch(() => undefined);
  }

  return {
    read: (job, signal) => {
      documents += 1;
      reading = movedTo(home, job.folder, (folder) => readAtHome({ ...job, folder }, signal));
      return reading;
    },
    isAlive: () =>
      child.connected && child.exitCode === null && child.signalCode === null && !child.killed,
    documents: () => documents,
    rssBytes: () => rssBytes,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
      await removed;
    },
  };
}

/** On a full disk there is no home, and the child does not start. */
function makeHome(root: string): string {
  const home = join(root, `reader-${randomUUID().slice(0, 8)}`);
  try {
    mkdirSync(home);
  } catch {
    return home;
  }
  return home;
}

/** Moves `folder` into `home` as long as `use` takes. */
async function movedTo(
  home: string,
  folder: string,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const moved = join(home, basename(folder));
  await rename(folder, moved);
  try {
    await use(moved);
  } finally {
    await rename(moved, folder);
  }
}

/** A child that ends after its answer is not to be given another document. */
function toFailure(
  child: ChildProcess,
  { code, message, cause, isLast }: Extract<ReadReply, { type: 'failed' }>,
): ProcessingFailure {
  if (isLast) child.kill('SIGKILL');
  return new ProcessingFailure(code, message, { cause: new Error(cause) });
}

function forkChild(
  { childPath, readable, launcher, maxRssBytes }: ReaderProcessOptions,
  home: string,
): ChildProcess {
  // The heap's own limit is only the second line: it does not count buffers. The permissions keep a
  // reader that a hostile file has taken over from writing elsewhere, starting programs and loading
  // native code.
  const heapMib = Math.max(64, Math.floor((maxRssBytes * 0.8) / MIB));
  const permissions = [
    '--permission',
    ...[...readable, home].map((path) => `--allow-fs-read=${path}`),
    `--allow-fs-write=${home}`,
  ];
  const threads = launcher.endsWithParent ? [] : ['--allow-worker'];
  const node = [
    process.execPath,
    `--max-old-space-size=${heapMib}`,
    '--disable-warning=SecurityWarning',
    ...permissions,
    ...threads,
  ];
  const [execPath = process.execPath, ...execArgv] = [...launcher.command, ...node];
  return fork(childPath, launcher.endsWithParent ? [] : [WATCH_PARENT], {
    execPath,
    execArgv,
    env: {},
    cwd: home,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

/**
 * The last words of a child that crashes are the only hint why; more than a few lines are not kept.
 */
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
      // Also the error of a message to a child that is just dying; only one that never had a pid
      // has no exit to wait for.
      if (child.pid === undefined) resolve(`the process did not start: ${error.message}`);
    });
    // Not at its exit, when its last words may still be in the pipe.
    child.once('close', (code, signal) =>
      resolve(`the process ended with ${signal ?? `code ${code}`}`),
    );
  });
}

type FinalAnswer = Exclude<ReadReply, { type: 'started' }>;

/** Never settles if the child dies: the race with its exit does. */
function askChild(child: ChildProcess, job: ReadJob, onStarted: () => void): Promise<FinalAnswer> {
  return new Promise((resolve) => {
    function onMessage(message: unknown): void {
      const answer = message as ReadReply;
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

interface WatchOptions {
  timeoutMs: number;
  maxRssBytes: number;
  fileBytes: number;
}

/**
 * The time limit of the file counts processor time where that is known, so that a busy machine
 * fails no honest file.
 */
function watchReading(
  child: ChildProcess,
  { timeoutMs, maxRssBytes, fileBytes }: WatchOptions,
  signal: AbortSignal,
): Watch {
  const limitMs = readingTimeMs(fileBytes, timeoutMs);
  const startedAt = performance.now();
  let started = false;
  let verdict: unknown;
  function condemn(reason: unknown): void {
    verdict ??= reason;
    child.kill('SIGKILL');
  }
  const onAbort = (): void => condemn(signal.reason);
  const timer = setTimeout(
    () => condemn(started ? timeFailure(timeoutMs) : crashFailure(false, 'no answer in time')),
    timeoutMs,
  );
  function check({ rssBytes, cpuMs }: Usage): void {
    if (rssBytes > maxRssBytes) condemn(memoryFailure(maxRssBytes));
    if ((cpuMs ?? performance.now() - startedAt) > limitMs) condemn(timeFailure(limitMs));
  }
  const unwatch = watchUsage(child.pid ?? 0, check);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  return {
    onStarted: () => (started = true),
    whyEnded: (lastWords) => verdict ?? crashFailure(started, lastWords),
    stop: () => {
      clearTimeout(timer);
      unwatch();
      signal.removeEventListener('abort', onAbort);
    },
  };
}

function memoryFailure(maxRssBytes: number): ProcessingFailure {
  return new ProcessingFailure(
    'EXTRACTION_LIMIT',
    `Reading the document takes more than the ${Math.round(maxRssBytes / MIB)} MiB of memory that one may take.`,
  );
}

function crashFailure(started: boolean, lastWords: string): Error {
  if (!started) return new NeverStartedError(lastWords);
  return new ProcessingFailure('EXTRACTION_LIMIT', 'The document ended the process that read it.', {
    cause: new Error(lastWords),
  });
}

/**
 * A child process that reads documents, one at a time.
 *
 *     starting ─► idle ─► reading ─► idle …        any state ─► dead (killed, or ended on its own)
 *
 * The child inherits nothing: no variable, no option and no open file of this process. It can read
 * the program, the packages and its home, a folder of its own to which the folder of a document is
 * moved while it is read. It can write to its home only. The first reason to kill it is reported.
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
  /** Folders and files that the child may read: the program and its packages. */
  readable: readonly string[];
  launcher: Launcher;
  /** The parent folder of the child's home. Documents' folders are in the same file system. */
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
  /** Resolves when the process has ended and its home is removed. */
  kill(): Promise<void>;
}

/** The child died before it read the document, so that the document is not the cause. */
export class NeverStartedError extends Error {
  override readonly name = 'NeverStartedError';
}

export function startReaderProcess(options: ReaderProcessOptions): ReaderProcess {
  const home = makeHome(options.root);
  const child = forkChild(options, home);
  const stderrTail = keepStderrTail(child);
  const exited = waitForExit(child);
  const removed = exited.then(removeHome);
  let reading: Promise<void> = Promise.resolve();
  let documents = 0;
  let rssBytes = 0;

  async function readAtHome(job: ReadJob, signal: AbortSignal): Promise<void> {
    const { size } = await stat(join(job.folder, CONTENT_FILE));
    const watch = watchReading(child, { ...options, fileBytes: size }, signal);
    try {
      const reply = await Promise.race([requestRead(child, job, watch.onStarted), exited]);
      if (typeof reply === 'string') throw watch.exitReason(`${reply}\n${stderrTail()}`);
      rssBytes = reply.rssBytes;
      if (reply.type === 'failed') throw toFailure(child, reply);
    } finally {
      watch.stop();
    }
  }

  /** Waits until the document's folder is moved out: another process may have to read it. */
  async function removeHome(): Promise<void> {
    await reading.catch(() => undefined);
    await rm(home, { recursive: true, force: true }).catch(() => undefined);
  }

  return {
    read: (job, signal) => {
      documents += 1;
      reading = withFolderMoved(home, job.folder, (folder) =>
        readAtHome({ ...job, folder }, signal),
      );
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

/** On a full disk the home cannot be created, and the child does not start. */
function makeHome(root: string): string {
  const home = join(root, `reader-${randomUUID().slice(0, 8)}`);
  try {
    mkdirSync(home);
  } catch {
    return home;
  }
  return home;
}

/** Moves `folder` into `home` while `use` runs. */
async function withFolderMoved(
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

/** Kills a child that ends after its reply, so that it gets no further document. */
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
  // The heap limit is the second line of defence: it does not count buffers. The permissions
  // prevent a reader that a hostile file has taken over from writing elsewhere, starting programs
  // and loading native code.
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
  const command = [...launcher.command, ...node];
  const [execPath = process.execPath, ...execArgv] = command;
  return fork(childPath, launcher.endsWithParent ? [] : [WATCH_PARENT], {
    execPath,
    execArgv,
    env: {},
    cwd: home,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

/** The end of stderr is the only report of a child that crashes. */
function keepStderrTail(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-STDERR_CHARS);
  });
  return () => text;
}

/** Resolves with a description of how the child ended. Never rejects. */
function waitForExit(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      // A message to a dying child emits this event too. Only a child without a pid emits no exit.
      if (child.pid === undefined) resolve(`the process did not start: ${error.message}`);
    });
    // Not 'exit': the end of stderr may still be in the pipe then.
    child.once('close', (code, signal) =>
      resolve(`the process ended with ${signal ?? `code ${code}`}`),
    );
  });
}

type FinalReply = Exclude<ReadReply, { type: 'started' }>;

/** Never settles if the child dies; the caller also waits for its exit. */
function requestRead(
  child: ChildProcess,
  job: ReadJob,
  onStarted: () => void,
): Promise<FinalReply> {
  return new Promise((resolve) => {
    function onMessage(message: unknown): void {
      const reply = message as ReadReply;
      if (reply.type === 'started') return onStarted();
      child.off('message', onMessage);
      resolve(reply);
    }
    child.on('message', onMessage);
    child.send(job, () => undefined);
  });
}

interface Watch {
  onStarted(): void;
  /** Returns why the child was killed, or an error about its own end. */
  exitReason(stderrTail: string): unknown;
  stop(): void;
}

interface WatchOptions {
  timeoutMs: number;
  maxRssBytes: number;
  fileBytes: number;
}

/**
 * The time limit of the file counts processor time if the kernel reports it, so that a busy machine
 * fails no valid file.
 */
function watchReading(
  child: ChildProcess,
  { timeoutMs, maxRssBytes, fileBytes }: WatchOptions,
  signal: AbortSignal,
): Watch {
  const limitMs = readingTimeMs(fileBytes, timeoutMs);
  const startedAt = performance.now();
  let isStarted = false;
  let killReason: unknown;
  function killWith(reason: unknown): void {
    killReason ??= reason;
    child.kill('SIGKILL');
  }
  const onAbort = (): void => killWith(signal.reason);
  const timer = setTimeout(
    () => killWith(isStarted ? timeFailure(timeoutMs) : crashFailure(false, 'no reply in time')),
    timeoutMs,
  );
  function check({ rssBytes, cpuMs }: Usage): void {
    if (rssBytes > maxRssBytes) killWith(memoryFailure(maxRssBytes));
    if ((cpuMs ?? performance.now() - startedAt) > limitMs) killWith(timeFailure(limitMs));
  }
  const unwatch = watchUsage(child.pid ?? 0, check);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  return {
    onStarted: () => {
      isStarted = true;
    },
    exitReason: (stderrTail) => killReason ?? crashFailure(isStarted, stderrTail),
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
    `Reading the document takes more than the limit of ${Math.round(maxRssBytes / MIB)} MiB of ` +
      'memory. Split it or simplify it, and upload it again.',
  );
}

function crashFailure(isStarted: boolean, stderrTail: string): Error {
  if (!isStarted) return new NeverStartedError(stderrTail);
  return new ProcessingFailure(
    'EXTRACTION_LIMIT',
    'The process that read the document ended. Simplify the document, and upload it again.',
    { cause: new Error(stderrTail) },
  );
}

import { existsSync } from 'node:fs';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isProcessAlive, processStartTime } from '../runtime/pid.js';

/** Why the data folder cannot be used. A person sees only the message, on one line. */
export class DataDirError extends Error {
  override readonly name = 'DataDirError';
}

/** The lock of one process on the data folder. */
export interface DataDirLock {
  /** Notifies processes that wait for the folder: this one ends within `limitMs`. */
  announceStop(limitMs: number): Promise<void>;
  release(): Promise<void>;
}

export interface LockOptions {
  /** Called once if the owner is stopping, before the wait for it. */
  onWait?: (owner: { pid: number }) => void;
}

/** How long to wait for an owner that has not announced a stop: it may have just got the signal. */
const OWNER_LEAVES_MS = 3_000;
const POLL_MS = 50;

/**
 * Locks the data folder for this process: a folder accepts two engines, and its data then diverge.
 * The lock is a file with the owner's process id. The lock of a dead process is taken over. Waits
 * for an owner that is stopping for as long as it announced, and for any other owner 3 s. Throws
 * DataDirError afterwards, and if the folder cannot be written.
 */
export async function lockDataDir(
  dataDir: string,
  { onWait }: LockOptions = {},
): Promise<DataDirLock> {
  const lockFile = lockFileOf(dataDir);
  await prepare(dataDir);
  const startedAt = Date.now();
  let isNotified = false;
  while (!(await create(lockFile))) {
    const owner = await readOwner(lockFile);
    if (owner === null) await removeStale(lockFile);
    else {
      if (Date.now() > Math.max(startedAt, owner.stopsBefore) + OWNER_LEAVES_MS)
        throw inUse(dataDir, owner);
      if (owner.stopsBefore > 0 && !isNotified) onWait?.(owner);
      isNotified ||= owner.stopsBefore > 0;
      await sleep(POLL_MS);
    }
  }
  return toLock(lockFile);
}

function toLock(lockFile: string): DataDirLock {
  let announced = Promise.resolve();
  return {
    announceStop: (limitMs) =>
      (announced = write(lockFile, rename, { stopsBefore: Date.now() + limitMs })),
    release: async () => {
      // An announcement that is still being written would recreate the file after its removal.
      await announced.catch(() => undefined);
      await rm(lockFile, { force: true });
    },
  };
}

/** Returns whether another process owns the folder and is stopping. */
export async function isOwnerStopping(dataDir: string): Promise<boolean> {
  const owner = await readOwner(lockFileOf(dataDir));
  return owner !== null && Date.now() < owner.stopsBefore + OWNER_LEAVES_MS;
}

function lockFileOf(dataDir: string): string {
  return join(dataDir, 'owner.pid');
}

function inUse(dataDir: string, { pid }: Owner): DataDirError {
  return new DataDirError(
    `DATA_DIR ${dataDir} is in use by process ${pid}; stop that process or choose another folder.`,
  );
}

async function prepare(dataDir: string): Promise<void> {
  try {
    await makeFolder(dataDir);
    const probe = join(dataDir, `.probe-${process.pid}`);
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    throw new DataDirError(
      `DATA_DIR ${dataDir} cannot be written; choose a folder that this user may write to.`,
      { cause: error },
    );
  }
}

/**
 * Replaces the recursive `mkdir` of Node 24, which never ends in a folder that is visible but in
 * which nothing can be created, such as /proc.
 */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || existsSync(dirname(path))) throw error;
    await makeFolder(dirname(path));
    await mkdir(path, { mode: 0o700 });
  }
}

async function create(lockFile: string): Promise<boolean> {
  try {
    await write(lockFile, link);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * The file appears with its whole content or not at all: nobody reads a partial lock. `link` fails
 * if the lock exists, `rename` replaces it.
 */
async function write(
  lockFile: string,
  publish: typeof link,
  more: { stopsBefore?: number } = {},
): Promise<void> {
  const draft = `${lockFile}.${process.pid}`;
  const owner = { pid: process.pid, startedAt: await processStartTime(process.pid), ...more };
  await writeFile(draft, JSON.stringify(owner), { mode: 0o600 });
  try {
    await publish(draft, lockFile);
  } finally {
    await rm(draft, { force: true });
  }
}

interface Owner {
  pid: number;
  /** Milliseconds since 1970; 0: the owner has not announced a stop. */
  stopsBefore: number;
}

/**
 * Returns null if the owner is dead. The start time distinguishes the owner from a later process
 * with the same id.
 */
async function readOwner(lockFile: string): Promise<Owner | null> {
  const text = await readFile(lockFile, 'utf8').catch(() => '');
  const [, digits] = /"pid":(\d+)/.exec(text) ?? [];
  const [, startedAt] = /"startedAt":"(\d+)"/.exec(text) ?? [];
  if (digits === undefined) return null;
  const pid = Number(digits);
  if (pid === process.pid || !isProcessAlive(pid)) return null;
  const startTime = await processStartTime(pid);
  if (startedAt !== undefined && startTime !== null && startTime !== startedAt) return null;
  return { pid, stopsBefore: Number(/"stopsBefore":(\d{1,15})/.exec(text)?.[1] ?? 0) };
}

/**
 * Renames the lock before removing it: if two processes see the same stale lock, only one of them
 * renames it. The other one may then rename the first process's new lock, and puts it back.
 */
async function removeStale(lockFile: string): Promise<void> {
  const aside = `${lockFile}.${process.pid}.stale`;
  await rename(lockFile, aside).catch(() => undefined);
  if ((await readOwner(aside)) !== null) await link(aside, lockFile).catch(() => undefined);
  await rm(aside, { force: true });
}

import { existsSync } from 'node:fs';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Why the data folder cannot be used; the message is the one line that a person sees. */
export class DataDirError extends Error {
  override readonly name = 'DataDirError';
}

/** The claim of one process. */
export interface DataDirClaim {
  /** Announces to whoever waits for the folder that its owner ends within `limitMs`. */
  announceStop(limitMs: number): Promise<void>;
  /** Gives the folder back. */
  release(): Promise<void>;
}

export interface ClaimOptions {
  /** Called once if the owner is stopping, before the wait for it. */
  onWait?: (owner: { pid: number }) => void;
}

/** An owner that has not announced its stop may just have received the signal. */
const OWNER_LEAVES_MS = 3_000;
const POLL_MS = 50;

/**
 * One folder has one owner: two engines on one folder are both accepted and drift apart. The lock
 * is a file with the owner's pid; one that was left by a process that is gone is taken over. Waits
 * for an owner that is stopping, as long as that one may take; throws DataDirError after 3 s for
 * any other.
 */
export async function lockDataDir(
  dataDir: string,
  { onWait }: ClaimOptions = {},
): Promise<DataDirClaim> {
  const lock = lockOf(dataDir);
  await prepare(dataDir);
  const since = Date.now();
  let hasTold = false;
  while (!(await create(lock))) {
    const owner = await readOwner(lock);
    if (owner === null) await removeStale(lock);
    else {
      if (Date.now() > Math.max(since, owner.stopsBefore) + OWNER_LEAVES_MS)
        throw inUse(dataDir, owner);
      if (owner.stopsBefore > 0 && !hasTold) onWait?.(owner);
      hasTold ||= owner.stopsBefore > 0;
      await delay(POLL_MS);
    }
  }
  return toClaim(lock);
}

function toClaim(lock: string): DataDirClaim {
  let announced = Promise.resolve();
  return {
    announceStop: (limitMs) =>
      (announced = write(lock, rename, { stopsBefore: Date.now() + limitMs })),
    release: async () => {
      // One that is still being written would come back after the removal.
      await announced.catch(() => undefined);
      await rm(lock, { force: true });
    },
  };
}

/** Returns whether another process owns the folder and is stopping. */
export async function isOwnerStopping(dataDir: string): Promise<boolean> {
  const owner = await readOwner(lockOf(dataDir));
  return owner !== null && Date.now() < owner.stopsBefore + OWNER_LEAVES_MS;
}

function lockOf(dataDir: string): string {
  return join(dataDir, 'owner.pid');
}

function inUse(dataDir: string, { pid }: Owner): DataDirError {
  return new DataDirError(
    `DATA_DIR ${dataDir} is in use by process ${pid}: stop that process or choose another folder.`,
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
      `DATA_DIR ${dataDir} cannot be written: choose a folder that this user may write.`,
      { cause: error },
    );
  }
}

/**
 * Node's own recursive way never ends where a folder can be seen but nothing be made in it, in
 * /proc for example.
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

async function create(lock: string): Promise<boolean> {
  try {
    await write(lock, link);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * The file appears with its content or not at all: nobody reads half a lock. `link` keeps what is
 * there, `rename` replaces it.
 */
async function write(
  lock: string,
  publish: typeof link,
  more: { stopsBefore?: number } = {},
): Promise<void> {
  const draft = `${lock}.${process.pid}`;
  await writeFile(
    draft,
    JSON.stringify({ pid: process.pid, startedAt: await processStart(process.pid), ...more }),
    { mode: 0o600 },
  );
  try {
    await publish(draft, lock);
  } finally {
    await rm(draft, { force: true });
  }
}

interface Owner {
  pid: number;
  /** Milliseconds since 1970; 0: it has not said that it stops. */
  stopsBefore: number;
}

/**
 * Null when the owner is gone. A pid that has been given to another process since is told by its
 * time of start.
 */
async function readOwner(lock: string): Promise<Owner | null> {
  const text = await readFile(lock, 'utf8').catch(() => '');
  const [, pid] = /"pid":(\d+)/.exec(text) ?? [];
  const [, startedAt] = /"startedAt":"(\d+)"/.exec(text) ?? [];
  if (pid === undefined || !isAlive(Number(pid))) return null;
  const now = await processStart(Number(pid));
  if (startedAt !== undefined && now !== null && now !== startedAt) return null;
  return { pid: Number(pid), stopsBefore: Number(/"stopsBefore":(\d{1,15})/.exec(text)?.[1] ?? 0) };
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Clock ticks since boot, from Linux' /proc; null elsewhere. */
async function processStart(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

/**
 * Moved away before it is removed: of two that see the same stale lock, one moves it. The other may
 * by then move the lock of the first, which is alive, and puts it back.
 */
async function removeStale(lock: string): Promise<void> {
  const aside = `${lock}.${process.pid}.stale`;
  await rename(lock, aside).catch(() => undefined);
  if ((await readOwner(aside)) !== null) await link(aside, lock).catch(() => undefined);
  await rm(aside, { force: true });
}

import { existsSync } from 'node:fs';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Why the data folder cannot be used; the message is the one line that a person sees. */
export class DataDirError extends Error {
  override readonly name = 'DataDirError';
}

/** An owner that has just been told to stop is given this long to leave. */
const OWNER_LEAVES_MS = 3_000;
const POLL_MS = 50;

/**
 * One folder has one owner: two engines on one folder are both accepted and drift apart. The lock is a file with the owner's pid;
 * one that was left by a process that is gone is taken over. Answers the way to give the folder back.
 */
export async function claimDataDir(dataDir: string): Promise<() => Promise<void>> {
  const lock = join(dataDir, 'owner.pid');
  await prepare(dataDir);
  const deadline = Date.now() + OWNER_LEAVES_MS;
  for (;;) {
    if (await create(lock)) return () => rm(lock, { force: true });
    const owner = await readOwner(lock);
    if (owner === null) await removeStale(lock);
    else if (Date.now() > deadline) {
      throw new DataDirError(`DATA_DIR ${dataDir} is in use by process ${String(owner.pid)}: stop that process or choose another folder.`);
    } else await delay(POLL_MS);
  }
}

async function prepare(dataDir: string): Promise<void> {
  try {
    await makeFolder(dataDir);
    const probe = join(dataDir, `.probe-${String(process.pid)}`);
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    throw new DataDirError(`DATA_DIR ${dataDir} cannot be written: choose a folder that this user may write.`, { cause: error });
  }
}

/** Node's own recursive way never ends where a folder can be seen but nothing be made in it, in /proc for example. */
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

/** The file appears with its content or not at all: nobody reads half a lock. */
async function create(lock: string): Promise<boolean> {
  const draft = `${lock}.${String(process.pid)}`;
  await writeFile(draft, JSON.stringify({ pid: process.pid, startedAt: await processStart(process.pid) }), { mode: 0o600 });
  try {
    await link(draft, lock);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Null when the owner is gone. A pid that has been given to another process since is told by its time of start. */
async function readOwner(lock: string): Promise<{ pid: number } | null> {
  const text = await readFile(lock, 'utf8').catch(() => '');
  const [, pid] = /"pid":(\d+)/.exec(text) ?? [];
  const [, startedAt] = /"startedAt":"(\d+)"/.exec(text) ?? [];
  if (pid === undefined || !isAlive(Number(pid))) return null;
  const now = await processStart(Number(pid));
  return startedAt !== undefined && now !== null && now !== startedAt ? null : { pid: Number(pid) };
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
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => null);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

/**
 * Moved away before it is removed: of two that see the same stale lock, one moves it. The other may by then move the lock of the
 * first, which is alive, and puts it back.
 */
async function removeStale(lock: string): Promise<void> {
  const aside = `${lock}.${String(process.pid)}.stale`;
  await rename(lock, aside).catch(() => undefined);
  if ((await readOwner(aside)) !== null) await link(aside, lock).catch(() => undefined);
  await rm(aside, { force: true });
}

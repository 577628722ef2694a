/**
 * Working folders: one for this extractor, and in it one for each document. The names identify the
 * leftover folders of killed processes.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, realpathSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { isProcessAlive } from '../runtime/pid.js';

const DAY_MS = 24 * 60 * 60 * 1000;
/**
 * Holds the process id and the start time, so that a process with the id of a dead one (in a
 * container it is always 1) knows that the folder is not its own.
 */
const NAME = /^extract-(\d+)-(\d+)-[0-9a-f]{8}-(.+)$/;

export interface WorkFolders {
  /** The folder of this extractor, in which its child processes have their homes. */
  readonly root: string;
  create(): Promise<string>;
  remove(folder: string): Promise<void>;
  removeAll(): Promise<void>;
}

export function createWorkFolders(workDir: string): WorkFolders {
  const name = `extract-${process.pid}-${startedAt()}-${randomUUID().slice(0, 8)}-${hostname()}`;
  mkdirSync(join(workDir, name), { recursive: true });
  // The permissions of a process apply to real paths.
  const root = realpathSync(join(workDir, name));
  const cleaned = removeStaleFolders(resolve(workDir), name);
  return {
    root,
    create: () => mkdtemp(join(root, 'document-')),
    remove: removeFolder,
    removeAll: async () => {
      await cleaned;
      await removeFolder(root);
    },
  };
}

function startedAt(): number {
  return Math.round(performance.timeOrigin);
}

function removeFolder(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true, maxRetries: 3 });
}

/** A folder that cannot be removed does not prevent the start; the next start retries it. */
async function removeStaleFolders(workDir: string, ownName: string): Promise<void> {
  const names = (await readdir(workDir).catch(() => [])).filter((name) => name !== ownName);
  for (const name of names) {
    const path = join(workDir, name);
    if (await isStale(path, name).catch(() => false))
      await removeFolder(path).catch(() => undefined);
  }
}

async function isStale(path: string, name: string): Promise<boolean> {
  const [, pid, started, host] = NAME.exec(name) ?? [];
  if (pid === undefined || started === undefined) return false;
  if (host !== hostname()) return wasUntouchedForADay(path);
  return Number(pid) === process.pid
    ? Number(started) !== startedAt()
    : !isProcessAlive(Number(pid));
}

/**
 * Decides for a folder of another machine, whose processes are unknown. A folder changes with every
 * document.
 */
async function wasUntouchedForADay(path: string): Promise<boolean> {
  const { mtimeMs } = await stat(path);
  return Date.now() - mtimeMs > DAY_MS;
}

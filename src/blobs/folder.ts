import { createWriteStream } from 'node:fs';
import { access, constants, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ApiError, ProcessingFailure } from '../errors.js';
import type { OpenBlobStore } from './open-blob-store.js';

export interface FolderBlobStore extends OpenBlobStore {
  /** Every key there is. */
  keys(): Promise<string[]>;
}

/** What is being written has this ending, and loses it when it is whole and on disk. */
const PART = '.part';

/** Longer than an upload may take: what has not grown for so long, nobody is writing. */
const ABANDONED_MS = 2 * 60 * 60 * 1_000;

/**
 * Files in a folder. A key is one the product made (a UUID), never a name that a client sent.
 * `shared`: other processes write here too, perhaps just now.
 */
export async function createFolderBlobStore({ folder, shared = false }: { folder: string; shared?: boolean }): Promise<FolderBlobStore> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const pathOf = (key: string) => join(folder, key);
  await removeParts(folder, shared ? ABANDONED_MS : 0);
  const writing = new Set<Promise<void>>();
  return {
    async write(key, content) {
      const written = write(pathOf(key), content);
      writing.add(written);
      await written.finally(() => writing.delete(written));
    },
    read: (key) => openForReading(pathOf(key)),
    remove: (key) => rm(pathOf(key), { force: true }),
    keys: () => readdir(folder),
    check: () => access(folder, constants.R_OK | constants.W_OK),
    stop: async () => void (await Promise.allSettled(writing)),
  };
}

/** Uploads that were under way when an earlier process ended. */
async function removeParts(folder: string, unchangedForMs: number): Promise<void> {
  const parts = (await readdir(folder)).filter((name) => name.endsWith(PART)).map((name) => join(folder, name));
  const before = Date.now() - unchangedForMs;
  const abandoned = await Promise.all(parts.map(async (part) => unchangedForMs === 0 || (await lastChangedAt(part)) < before));
  await Promise.all(parts.filter((_, index) => abandoned[index]).map((part) => rm(part, { force: true })));
}

/** One that another process has just finished counts as new. */
async function lastChangedAt(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Date.now(),
  );
}

async function write(path: string, content: Readable): Promise<void> {
  const part = path + PART;
  try {
    await pipeline(content, createWriteStream(part, { mode: 0o600, flush: true }));
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    if (!isErrno(error)) throw error;
    throw new ApiError('DEPENDENCY_UNAVAILABLE', 'The file cannot be stored just now: try again later.', {}, { cause: error });
  }
}

async function openForReading(path: string): Promise<Readable> {
  try {
    const file = await open(path, 'r');
    return file.createReadStream();
  } catch (error) {
    if (isErrno(error, 'ENOENT'))
      throw new ProcessingFailure('BLOB_MISSING', 'The stored file is gone: upload it again.', { cause: error });
    throw new ProcessingFailure('INTERNAL', 'The stored file cannot be opened just now.', { cause: error });
  }
}

/** Of the file system, as opposed to those of the content that is being written. */
function isErrno(error: unknown, code?: string): boolean {
  return error instanceof Error && 'syscall' in error && 'code' in error && (code === undefined || error.code === code);
}

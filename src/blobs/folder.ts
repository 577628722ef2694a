import { access, constants, mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { gatherInto } from '../documents/gathering.js';
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
  const flushNames = createNameFlush(folder);
  const writing = new Set<Promise<void>>();
  return {
    async write(key, content) {
      const written = write(pathOf(key), content, flushNames);
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

/**
 * When it resolves, a power cut takes neither the bytes nor the name. Nothing is left when it rejects: a name whose flush has failed
 * may be there or not when the machine comes back, so the file goes.
 */
async function write(path: string, content: AsyncIterable<Buffer>, flushNames: () => Promise<void>): Promise<void> {
  const part = path + PART;
  try {
    await writeFile(part, content, { mode: 0o600, flush: true });
    await rename(part, path);
    await flushNames().catch(async (error: unknown) => {
      await rm(path, { force: true });
      throw error;
    });
  } catch (error) {
    await rm(part, { force: true });
    if (!isErrno(error)) throw error;
    throw new ApiError('DEPENDENCY_UNAVAILABLE', 'The file cannot be stored just now: try again later.', {}, { cause: error });
  }
}

/** Those who wait for it at once share one. Windows keeps names without being asked, and cannot be asked. */
function createNameFlush(folder: string): () => Promise<void> {
  if (process.platform === 'win32') return () => Promise.resolve();
  const flush = gatherInto<null, null>(Infinity, async (waiting) => {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    return waiting;
  });
  return async () => void (await flush(null));
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

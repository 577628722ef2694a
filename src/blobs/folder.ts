import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BlobStore } from '../documents/ports.js';
import { ApiError, ProcessingFailure } from '../errors.js';

export interface FolderBlobStore extends BlobStore {
  /** Every key there is. */
  keys(): Promise<string[]>;
}

/** What is being written has this ending, and loses it when it is whole and on disk. */
const PART = '.part';

/** Files in a folder. A key is one the product made (a UUID), never a name that a client sent. */
export async function createFolderBlobStore({ folder }: { folder: string }): Promise<FolderBlobStore> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const pathOf = (key: string) => join(folder, key);
  await removeParts(folder);
  return {
    write: (key, content) => write(pathOf(key), content),
    read: (key) => openForReading(pathOf(key)),
    remove: (key) => rm(pathOf(key), { force: true }),
    keys: () => readdir(folder),
  };
}

/** Uploads that were under way when an earlier process ended. */
async function removeParts(folder: string): Promise<void> {
  const parts = (await readdir(folder)).filter((name) => name.endsWith(PART));
  await Promise.all(parts.map((name) => rm(join(folder, name), { force: true })));
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

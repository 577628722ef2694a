import {
  access,
  constants,
  mkdir,
  open,
  readdir,
  rm,
  stat,
  type FileHandle,
} from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ApiError, ProcessingFailure } from '../errors.js';
import {
  createFolderSync,
  PARTIAL_SUFFIX,
  writeDurably,
  type FolderSync,
} from './durable-write.js';
import { MARKER_KEY, type ManagedBlobStore } from './managed-blob-store.js';

export interface FolderBlobStore extends ManagedBlobStore {
  /** Returns the keys of all blobs. */
  keys(): Promise<string[]>;
}

/** Longer than an upload may take: a partial file that is unchanged for so long has no writer. */
const ABANDONED_MS = 2 * 60 * 60 * 1_000;

/**
 * Opens the blob store in a folder. A key is one that the product made (a UUID), never a name that
 * a client sent. `shared`: other processes write to the folder too, perhaps at this moment.
 */
export async function createFolderBlobStore({
  folder,
  shared = false,
}: {
  folder: string;
  shared?: boolean;
}): Promise<FolderBlobStore> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const pathOf = (key: string) => join(folder, key);
  await removePartialFiles(folder, shared ? ABANDONED_MS : 0);
  const folderSync = createFolderSync(folder);
  const writing = new Set<Promise<void>>();
  return {
    write: async (key, content) => {
      const written = write(pathOf(key), content, folderSync);
      writing.add(written);
      await written.finally(() => writing.delete(written));
    },
    read: (key) => openForReading(pathOf(key)),
    remove: (key) => rm(pathOf(key), { force: true }),
    keys: async () => (await readdir(folder)).filter((name) => name !== MARKER_KEY),
    check: () => access(folder, constants.R_OK | constants.W_OK),
    stop: async () => {
      await Promise.allSettled(writing);
      await folderSync.stop();
    },
  };
}

/** Removes the files of uploads that an earlier process did not finish. */
async function removePartialFiles(folder: string, unchangedForMs: number): Promise<void> {
  const paths = (await readdir(folder))
    .filter((name) => name.endsWith(PARTIAL_SUFFIX))
    .map((name) => join(folder, name));
  const before = Date.now() - unchangedForMs;
  const isAbandoned = await Promise.all(
    paths.map(async (path) => unchangedForMs === 0 || (await lastChangedAt(path)) < before),
  );
  await Promise.all(
    paths.filter((_, index) => isAbandoned[index]).map((path) => rm(path, { force: true })),
  );
}

/** Returns the present for a file that another process has just finished and renamed. */
async function lastChangedAt(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Date.now(),
  );
}

async function write(
  path: string,
  content: AsyncIterable<Buffer>,
  folderSync: FolderSync,
): Promise<void> {
  try {
    await writeDurably(path, content, folderSync);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new ApiError(
      'DEPENDENCY_UNAVAILABLE',
      'The file cannot be stored; try again later.',
      {},
      { cause: error },
    );
  }
}

const READ_AHEAD_BYTES = 32 * 1024;
/** Buffers for reading ahead. A buffer is not in the list while a file is read into it. */
const readAheadBuffers: Buffer[] = [];

/**
 * Reads a file that is shorter than READ_AHEAD_BYTES at once: a stream of its own and the check for
 * its end cost more than the file.
 */
async function openForReading(path: string): Promise<Readable> {
  try {
    const file = await open(path, 'r');
    const start = await readAhead(file);
    if (start.length === READ_AHEAD_BYTES) return file.createReadStream({ start: 0 });
    void file.close().catch(() => undefined);
    return toReadable(start);
  } catch (error) {
    if (isSystemError(error, 'ENOENT'))
      throw new ProcessingFailure('BLOB_MISSING', 'The stored file is missing; upload it again.', {
        cause: error,
      });
    throw new ProcessingFailure('INTERNAL', 'The stored file cannot be opened; it is retried.', {
      cause: error,
    });
  }
}

async function readAhead(file: FileHandle): Promise<Buffer> {
  const buffer = readAheadBuffers.pop() ?? Buffer.allocUnsafeSlow(READ_AHEAD_BYTES);
  try {
    const { bytesRead } = await file.read(buffer, 0, READ_AHEAD_BYTES, 0);
    return Buffer.from(buffer.subarray(0, bytesRead));
  } catch (error) {
    await file.close();
    throw error;
  } finally {
    readAheadBuffers.push(buffer);
  }
}

function toReadable(content: Buffer): Readable {
  const readable = new Readable({ read: () => undefined });
  readable.push(content);
  readable.push(null);
  return readable;
}

/** Returns whether the file system raised the error, and not the content that is being written. */
function isSystemError(error: unknown, code?: string): boolean {
  return (
    error instanceof Error &&
    'syscall' in error &&
    'code' in error &&
    (code === undefined || error.code === code)
  );
}

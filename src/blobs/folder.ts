import { close, open as openFile, write as writeFile } from 'node:fs';
import {
  access,
  constants,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
  type FileHandle,
} from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { createGroupCommit } from '../runtime/group-commit.js';
import { ApiError, ProcessingFailure } from '../errors.js';
import { MARKER_KEY, type OpenBlobStore } from './managed-blob-store.js';

export interface FolderBlobStore extends OpenBlobStore {
  /** The keys of all blobs. */
  keys(): Promise<string[]>;
}

/** What is being written has this ending, and loses it when it is whole. */
const PART = '.part';

/** Longer than an upload may take: what has not grown for so long, nobody is writing. */
const ABANDONED_MS = 2 * 60 * 60 * 1_000;

/**
 * Files in a folder. A key is one the product made (a UUID), never a name that a client sent.
 * `shared`: other processes write here too, perhaps just now.
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
  await removeParts(folder, shared ? ABANDONED_MS : 0);
  const names = createNameFlush(folder);
  const writing = new Set<Promise<void>>();
  return {
    async write(key, content) {
      const written = write(pathOf(key), content, names.flush);
      writing.add(written);
      await written.finally(() => writing.delete(written));
    },
    read: (key) => openForReading(pathOf(key)),
    remove: (key) => rm(pathOf(key), { force: true }),
    keys: async () => (await readdir(folder)).filter((name) => name !== MARKER_KEY),
    check: () => access(folder, constants.R_OK | constants.W_OK),
    stop: async () => {
      await Promise.allSettled(writing);
      await names.stop();
    },
  };
}

/** Uploads that were under way when an earlier process ended. */
async function removeParts(folder: string, unchangedForMs: number): Promise<void> {
  const parts = (await readdir(folder))
    .filter((name) => name.endsWith(PART))
    .map((name) => join(folder, name));
  const before = Date.now() - unchangedForMs;
  const abandoned = await Promise.all(
    parts.map(async (part) => unchangedForMs === 0 || (await lastChangedAt(part)) < before),
  );
  await Promise.all(
    parts.filter((_, index) => abandoned[index]).map((part) => rm(part, { force: true })),
  );
}

/** One that another process has just finished counts as new. */
async function lastChangedAt(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Date.now(),
  );
}

/**
 * When it resolves, a power cut takes neither the bytes nor the name. Nothing is left when it
 * rejects.
 */
async function write(
  path: string,
  content: AsyncIterable<Buffer>,
  flushNames: () => Promise<void>,
): Promise<void> {
  try {
    const source = content[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
    const parts = [await source.next(), await source.next()];
    const [first, second] = parts;
    if (O_DSYNC !== undefined && first?.done === false && second?.done === true)
      await writeAtOnce(path, first.value, flushNames);
    else await writeInParts(path, again(parts, source), flushNames);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new ApiError(
      'DEPENDENCY_UNAVAILABLE',
      'The file cannot be stored just now: try again later.',
      {},
      { cause: error },
    );
  }
}

/** Not on every system. */
const O_DSYNC = constants.O_DSYNC as number | undefined;

/**
 * A write that returns when the disk has the bytes saves a file that came in one part half the way.
 * By descriptors: the handles of `fs/promises` take twice the processor's time, and this is what an
 * upload of a small file spends most of it on.
 */
async function writeAtOnce(
  path: string,
  bytes: Buffer,
  flushNames: () => Promise<void>,
): Promise<void> {
  const file = await openDescriptor(
    path,
    constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | (O_DSYNC ?? 0),
    0o600,
  );
  try {
    await writeAll(file, bytes).finally(() => closeDescriptor(file));
    await flushNames();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

const openDescriptor = promisify(openFile);
const closeDescriptor = promisify(close);
const writeSome = promisify(writeFile) as (
  file: number,
  bytes: Buffer,
  offset: number,
) => Promise<{ bytesWritten: number }>;

/** A write may be a partial one, on a disk that is nearly full for one. */
async function writeAll(file: number, bytes: Buffer): Promise<void> {
  for (let written = 0; written < bytes.length;)
    written += (await writeSome(file, bytes, written)).bytesWritten;
}

/**
 * It has its name before it is flushed: the file system then writes both in one go, and the flush
 * of the names finds nothing left to do.
 */
async function writeInParts(
  path: string,
  content: AsyncIterable<Buffer>,
  flushNames: () => Promise<void>,
): Promise<void> {
  let name = path + PART;
  try {
    const file = await open(name, 'w', 0o600);
    try {
      await file.writeFile(content);
      await rename(name, path);
      name = path;
      await file.sync();
    } finally {
      await file.close();
    }
    await flushNames();
  } catch (error) {
    await rm(name, { force: true });
    throw error;
  }
}

async function* again(
  parts: readonly IteratorResult<Buffer, undefined>[],
  source: AsyncIterator<Buffer, undefined>,
): AsyncGenerator<Buffer> {
  try {
    for (const part of parts) if (part.done !== true) yield part.value;
    for (let next = await source.next(); next.done !== true; next = await source.next())
      yield next.value;
  } finally {
    await source.return?.();
  }
}

/**
 * Those who wait for it at once share one. Windows keeps names without being asked, and cannot be
 * asked.
 */
function createNameFlush(folder: string): { flush(): Promise<void>; stop(): Promise<void> } {
  if (process.platform === 'win32')
    return { flush: () => Promise.resolve(), stop: () => Promise.resolve() };
  let opened: Promise<FileHandle> | undefined;

  /** Quiet: whatever failed has been told. */
  async function close(): Promise<void> {
    const last = opened;
    opened = undefined;
    await last?.then((handle) => handle.close()).catch(() => undefined);
  }

  const flush = createGroupCommit<null, null>(Infinity, async (waiting) => {
    try {
      await (await (opened ??= open(folder, 'r'))).sync();
      return waiting;
    } catch (error) {
      // The folder may have been mounted anew.
      await close();
      throw error;
    }
  });
  return { flush: async () => void (await flush(null)), stop: close };
}

const HEAD_BYTES = 32 * 1024;
/** Each is somebody's while a file is being read into it. */
const heads: Buffer[] = [];

/**
 * A file that is shorter than the head is read at once: a stream of its own, and the look whether
 * more comes, cost more than the file.
 */
async function openForReading(path: string): Promise<Readable> {
  try {
    const file = await open(path, 'r');
    const head = await readHead(file);
    if (head.length === HEAD_BYTES) return file.createReadStream({ start: 0 });
    void file.close().catch(() => undefined);
    return toReadable(head);
  } catch (error) {
    if (isErrno(error, 'ENOENT'))
      throw new ProcessingFailure('BLOB_MISSING', 'The stored file is gone: upload it again.', {
        cause: error,
      });
    throw new ProcessingFailure('INTERNAL', 'The stored file cannot be opened just now.', {
      cause: error,
    });
  }
}

async function readHead(file: FileHandle): Promise<Buffer> {
  const head = heads.pop() ?? Buffer.allocUnsafeSlow(HEAD_BYTES);
  try {
    const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
    return Buffer.from(head.subarray(0, bytesRead));
  } catch (error) {
    await file.close();
    throw error;
  } finally {
    heads.push(head);
  }
}

function toReadable(content: Buffer): Readable {
  const readable = new Readable({ read: () => undefined });
  readable.push(content);
  readable.push(null);
  return readable;
}

/** Of the file system, as opposed to those of the content that is being written. */
function isErrno(error: unknown, code?: string): boolean {
  return (
    error instanceof Error &&
    'syscall' in error &&
    'code' in error &&
    (code === undefined || error.code === code)
  );
}

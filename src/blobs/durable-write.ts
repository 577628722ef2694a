/**
 * Writes files that survive a power cut. A file has its bytes and its name on the disk when the
 * write resolves, and does not exist when it rejects.
 */
import { close, open as openFile, write as writeFile } from 'node:fs';
import { constants, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { createGroupCommit } from '../runtime/group-commit.js';
import { readHead, replay } from '../runtime/replay.js';

/** Ends the name of a file that is being written. */
export const PARTIAL_SUFFIX = '.part';

/** Makes the names in a folder durable. */
export interface FolderSync {
  /** Resolves when all names that the folder had at the call are on the disk. */
  sync(): Promise<void>;
  stop(): Promise<void>;
}

/** Undefined on systems that do not have it. */
const O_DSYNC = constants.O_DSYNC as number | undefined;

/** Content of a single buffer is written at once, other content as a stream. */
export async function writeDurably(
  path: string,
  content: AsyncIterable<Buffer>,
  folder: FolderSync,
): Promise<void> {
  const source = content[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  const { buffers, isWhole } = await readHead(source, { maxBuffers: 2 });
  const [first] = buffers;
  if (O_DSYNC !== undefined && isWhole && first && buffers.length === 1)
    await writeAtOnce(path, first, folder);
  else await writeStreamed(path, replay(buffers, source), folder);
}

/**
 * Opens the file with O_DSYNC: one write then replaces a write and a flush, which halves the time
 * of a small file. The file is opened by descriptor: the handles of `fs/promises` take twice the
 * processor time, and an upload of a small file spends most of its time here.
 */
async function writeAtOnce(path: string, bytes: Buffer, folder: FolderSync): Promise<void> {
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | (O_DSYNC ?? 0);
  const file = await openDescriptor(path, flags, 0o600);
  try {
    await writeAll(file, bytes).finally(() => closeDescriptor(file));
    await folder.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

const openDescriptor = promisify(openFile);
const closeDescriptor = promisify(close);
const writeBytes = promisify(writeFile) as (
  file: number,
  bytes: Buffer,
  offset: number,
) => Promise<{ bytesWritten: number }>;

/** A single write may be partial, for example on a disk that is nearly full. */
async function writeAll(file: number, bytes: Buffer): Promise<void> {
  for (let written = 0; written < bytes.length;)
    written += (await writeBytes(file, bytes, written)).bytesWritten;
}

/**
 * Renames the file before the flush. The file system then writes bytes and name together, and the
 * flush of the folder has nothing left to write.
 */
async function writeStreamed(
  path: string,
  content: AsyncIterable<Buffer>,
  folder: FolderSync,
): Promise<void> {
  let name = path + PARTIAL_SUFFIX;
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
    await folder.sync();
  } catch (error) {
    await rm(name, { force: true });
    throw error;
  }
}

/**
 * Concurrent calls of `sync` share one flush. No-op on Windows, which makes names durable on its
 * own and cannot open a folder.
 */
export function createFolderSync(folder: string): FolderSync {
  if (process.platform === 'win32')
    return { sync: () => Promise.resolve(), stop: () => Promise.resolve() };
  let opened: Promise<FileHandle> | undefined;

  /** Never rejects: the failed operation has reported the error. */
  async function closeFolder(): Promise<void> {
    const last = opened;
    opened = undefined;
    await last?.then((handle) => handle.close()).catch(() => undefined);
  }

  const commit = createGroupCommit<null, null>(Infinity, async (waiting) => {
    try {
      await (await (opened ??= open(folder, 'r'))).sync();
      return waiting;
    } catch (error) {
      // The folder may have been mounted again: the next call opens it anew.
      await closeFolder();
      throw error;
    }
  });
  return {
    sync: async () => {
      await commit(null);
    },
    stop: closeFolder,
  };
}

import { Disk } from 'flydrive';
import type { DriverContract } from 'flydrive/types';
import { Readable } from 'node:stream';
import { ApiError, ProcessingFailure } from '../errors.js';
import type { ManagedBlobStore } from './managed-blob-store.js';

interface ObjectStorage {
  driver: DriverContract;
  /** Empty, or with a slash at its end. */
  prefix: string;
  /**
   * Resolves when the object is complete. Replaces the method of flydrive 2.1, which needs the
   * length beforehand, or keeps the connection of a stream that broke off.
   */
  put(key: string, content: Readable): Promise<void>;
  stop(): void;
}

/** Opens the blob store in a bucket. Keys are made by the product (UUIDs), never by a client. */
export function createObjectBlobStore({
  driver,
  prefix,
  put,
  stop,
}: ObjectStorage): ManagedBlobStore {
  const disk = new Disk(driver);
  return {
    write: (key, content) => write({ put, disk }, prefix + key, content),
    read: (key) => read(disk, prefix + key),
    remove: (key) => asStorageFailure('removed', () => disk.delete(prefix + key)),
    check: () =>
      asStorageFailure('reached', async () => {
        await disk.exists(`${prefix}check`);
      }),
    stop: async () => stop(),
  };
}

async function write(
  { put, disk }: { put: ObjectStorage['put']; disk: Disk },
  key: string,
  buffers: AsyncIterable<Buffer>,
): Promise<void> {
  const content = Readable.from(buffers, { objectMode: false });
  try {
    await put(key, content);
  } catch (error) {
    const reason = whyContentEnded(content, error);
    content.destroy();
    if (reason !== null) throw reason;
    // The object may have arrived, and only the response was lost.
    await disk.delete(key).catch(() => undefined);
    throw new ApiError(
      'DEPENDENCY_UNAVAILABLE',
      'The file cannot be stored; try again later.',
      {},
      { cause: error },
    );
  }
}

/**
 * Returns the error of the content, or null if the store failed. If both failed, the content failed
 * first, and the store could not clean up after it. An error of the store leaves an AbortError on
 * the content.
 */
function whyContentEnded({ errored }: Readable, error: unknown): Error | null {
  if (errored !== null && (errored === error || errored.name !== 'AbortError')) return errored;
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE'
    ? error
    : null;
}

/** Checks first whether the object exists: some drivers report a missing one only in mid-stream. */
async function read(disk: Disk, key: string): Promise<Readable> {
  const exists = await asStorageFailure('opened', () => disk.exists(key));
  if (!exists)
    throw new ProcessingFailure('BLOB_MISSING', 'The stored file is missing; upload it again.');
  return asStorageFailure('opened', () => disk.getStream(key));
}

/** INTERNAL is retried by the worker. */
async function asStorageFailure<Result>(
  what: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw new ProcessingFailure('INTERNAL', `The stored file cannot be ${what}; it is retried.`, {
      cause: error,
    });
  }
}

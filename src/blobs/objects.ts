import { Disk } from 'flydrive';
import type { DriverContract } from 'flydrive/types';
import { Readable } from 'node:stream';
import { ApiError, ProcessingFailure } from '../errors.js';
import type { OpenBlobStore } from './managed-blob-store.js';

interface ObjectStorage {
  driver: DriverContract;
  /** Empty, or with a slash at its end. */
  prefix: string;
  /**
   * Resolves when the object is whole. flydrive's own needs to know the length beforehand, or holds
   * on to the connection of a stream that broke off.
   */
  put(key: string, content: Readable): Promise<void>;
  stop(): void;
}

/** Blobs in a bucket. Keys are made by the product (UUIDs), never by a client. */
export function createObjectBlobStore({ driver, prefix, put, stop }: ObjectStorage): OpenBlobStore {
  const disk = new Disk(driver);
  return {
    write: (key, content) => write({ put, disk }, prefix + key, content),
    read: (key) => read(disk, prefix + key),
    remove: (key) => guarded('removed', () => disk.delete(prefix + key)),
    check: () => guarded('reached', async () => void (await disk.exists(`${prefix}check`))),
    stop: async () => stop(),
  };
}

async function write(
  { put, disk }: { put: ObjectStorage['put']; disk: Disk },
  key: string,
  parts: AsyncIterable<Buffer>,
): Promise<void> {
  const content = Readable.from(parts, { objectMode: false });
  try {
    await put(key, content);
  } catch (error) {
    const reason = whyContentEnded(content, error);
    content.destroy();
    if (reason !== null) throw reason;
    // It may have arrived, and only the answer was lost.
    await disk.delete(key).catch(() => undefined);
    throw new ApiError(
      'DEPENDENCY_UNAVAILABLE',
      'The file cannot be stored just now: try again later.',
      {},
      { cause: error },
    );
  }
}

/**
 * Null: it was the store that failed. Where both did, the store only failed to tidy up. Reading
 * that is given up for the store's error leaves an AbortError on the content.
 */
function whyContentEnded({ errored }: Readable, error: unknown): Error | null {
  if (errored !== null && (errored === error || errored.name !== 'AbortError')) return errored;
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE'
    ? error
    : null;
}

/** Asked for first: some drivers tell only in mid-stream that there is nothing. */
async function read(disk: Disk, key: string): Promise<Readable> {
  const exists = await guarded('opened', () => disk.exists(key));
  if (!exists)
    throw new ProcessingFailure('BLOB_MISSING', 'The stored file is gone: upload it again.');
  return guarded('opened', () => disk.getStream(key));
}

/** INTERNAL is tried again by the system. */
async function guarded<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw new ProcessingFailure('INTERNAL', `The stored file cannot be ${what} just now.`, {
      cause: error,
    });
  }
}

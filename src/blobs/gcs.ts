import { Storage } from '@google-cloud/storage';
import { GCSDriver } from 'flydrive/drivers/gcs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BucketLocation } from './bucket-location.js';
import type { ManagedBlobStore } from './managed-blob-store.js';
import { createObjectBlobStore } from './objects.js';

/** Limit of one request. */
const TIMEOUT_MS = 20_000;
/** Limit of an upload, however slow its client is. */
const UPLOAD_MS = 60 * 60 * 1_000;

export function createGcsBlobStore({ bucket, prefix }: BucketLocation): ManagedBlobStore {
  const storage = new Storage({
    timeout: TIMEOUT_MS,
    retryOptions: { maxRetries: 2, totalTimeout: TIMEOUT_MS / 1_000 },
  });
  return createObjectBlobStore({
    driver: new GCSDriver({ storage, bucket, visibility: 'private', usingUniformAcl: true }),
    prefix,
    put: (key, content) => upload(storage, bucket, key, content),
    stop: () => undefined,
  });
}

/**
 * The size of the requests of an upload. If an upload breaks off, Google discards the chunks that
 * have arrived.
 */
const CHUNK_BYTES = 8 * 1024 * 1024;

async function upload(
  storage: Storage,
  bucket: string,
  key: string,
  content: Readable,
): Promise<void> {
  const object = storage.bucket(bucket).file(key);
  const target = object.createWriteStream({
    resumable: true,
    chunkSize: CHUNK_BYTES,
    validation: 'crc32c',
  });
  await pipeline(content, target, { signal: AbortSignal.timeout(UPLOAD_MS) });
}

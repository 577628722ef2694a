import { Storage } from '@google-cloud/storage';
import { GCSDriver } from 'flydrive/drivers/gcs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createObjectBlobStore } from './objects.js';
import type { BucketLocation } from './create-blob-store.js';
import type { OpenBlobStore } from './managed-blob-store.js';

/** Of one request. */
const TIMEOUT_MS = 20_000;
/** Of an upload, however slow its client. */
const UPLOAD_MS = 60 * 60 * 1_000;

export function createGcsBlobStore({ bucket, prefix }: BucketLocation): OpenBlobStore {
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
 * Of this size each; what has arrived of an upload that breaks off is no object, and Google forgets
 * it.
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

import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { S3Driver } from 'flydrive/drivers/s3';
import type { Readable } from 'node:stream';
import type { BucketLocation } from './bucket-location.js';
import type { ManagedBlobStore } from './managed-blob-store.js';
import { createObjectBlobStore } from './objects.js';

/** The smallest part that S3 accepts. With two at once, an upload holds at most three in memory. */
const PART_BYTES = 5 * 1024 * 1024;
const PARTS_AT_ONCE = 2;

const CONNECT_MS = 5_000;
/** How long a connection may be without traffic. */
const IDLE_MS = 20_000;

export function createS3BlobStore({
  bucket,
  prefix,
  region,
  endpoint,
}: BucketLocation): ManagedBlobStore {
  const client = new S3Client({
    ...(region !== null && { region }),
    ...(endpoint !== null && toOtherProvider(endpoint, region)),
    maxAttempts: 3,
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: IDLE_MS },
  });
  return createObjectBlobStore({
    driver: new S3Driver({ client, bucket, visibility: 'private', supportsACL: false }),
    prefix,
    put: (key, content) => upload(client, bucket, key, content),
    stop: () => client.destroy(),
  });
}

/**
 * Disables what only Amazon has: bucket names as host names, regions, and checksums at the end of a
 * stream.
 */
function toOtherProvider(endpoint: string, region: string | null): S3ClientConfig {
  return {
    endpoint,
    region: region ?? 'us-east-1',
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  };
}

/** Uploads in parts, so that the length need not be known. A failed upload removes its parts. */
async function upload(
  client: S3Client,
  bucket: string,
  key: string,
  content: Readable,
): Promise<void> {
  const params = {
    Bucket: bucket,
    Key: key,
    Body: content,
    ContentType: 'application/octet-stream',
  };
  await new Upload({
    client,
    params,
    partSize: PART_BYTES,
    queueSize: PARTS_AT_ONCE,
    leavePartsOnError: false,
  }).done();
}

import { fileURLToPath } from 'node:url';
import { SetupError } from '../errors.js';
import type { BucketLocation } from './bucket-location.js';
import { createFolderBlobStore } from './folder.js';
import type { ManagedBlobStore } from './managed-blob-store.js';

/** flydrive 2.1 rejects or rewrites other paths, and would not find what it has written. */
const FOLDERS = /^[\w-]+(\/[\w-]+)*$/;

const S3_PARAMETERS = ['region', 'endpoint'];

/**
 * Opens a blob store that several processes share: `file:///folder`,
 * `s3://bucket/prefix?region=…&endpoint=…` or `gs://bucket/prefix`. The provider's library finds
 * the credentials in the environment; the address never holds them. The libraries are large, so
 * each is loaded with the first address of its kind. Throws SetupError if the address is wrong.
 */
export async function createBlobStore(address: string): Promise<ManagedBlobStore> {
  if (!URL.canParse(address)) throw new SetupError('BLOB_URL is not a URL; use file:, s3: or gs:.');
  const url = new URL(address);
  switch (url.protocol) {
    case 'file:':
      return openFolder(url);
    case 's3:':
      return (await import('./s3.js')).createS3BlobStore(toLocation(url, S3_PARAMETERS));
    case 'gs:':
      return (await import('./gcs.js')).createGcsBlobStore(toLocation(url, []));
    default:
      throw new SetupError('BLOB_URL must start with file:, s3: or gs:.');
  }
}

async function openFolder(url: URL): Promise<ManagedBlobStore> {
  if (url.host !== '' || url.search !== '')
    throw new SetupError('BLOB_URL must be file:/// with an absolute path.');
  return createFolderBlobStore({ folder: fileURLToPath(url), shared: true });
}

function toLocation(url: URL, parameters: readonly string[]): BucketLocation {
  if (url.username || url.password)
    throw new SetupError('BLOB_URL must not hold credentials; set them in the environment.');
  const unknown = [...url.searchParams.keys()].filter((name) => !parameters.includes(name));
  if (unknown.length > 0)
    throw new SetupError(`BLOB_URL has unknown parameters; remove ${unknown.join(', ')}.`);
  if (url.hostname === '') throw new SetupError('BLOB_URL must name a bucket.');
  const path = withoutOuterSlashes(url.pathname);
  if (path !== '' && !FOLDERS.test(path))
    throw new SetupError('The folders in BLOB_URL may only contain letters, digits, - and _.');
  return {
    bucket: url.hostname,
    prefix: path === '' ? '' : `${path}/`,
    region: url.searchParams.get('region'),
    endpoint: toEndpoint(url.searchParams.get('endpoint')),
  };
}

function withoutOuterSlashes(path: string): string {
  const names = path.split('/');
  while (names[0] === '') names.shift();
  while (names.at(-1) === '') names.pop();
  return names.join('/');
}

function toEndpoint(endpoint: string | null): string | null {
  if (endpoint === null) return null;
  if (URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol)) return endpoint;
  throw new SetupError(
    'The endpoint in BLOB_URL must be a URL such as https://storage.example.com.',
  );
}

import { fileURLToPath } from 'node:url';
import { SetupError } from '../errors.js';
import { createFolderBlobStore } from './folder.js';
import type { OpenBlobStore } from './managed-blob-store.js';

/** Where objects lie in a bucket. */
export interface BucketLocation {
  bucket: string;
  /** Empty, or with a slash at its end. */
  prefix: string;
  region: string | null;
  endpoint: string | null;
}

/** Others flydrive refuses or rewrites, and what is written would not be found. */
const FOLDERS = /^[\w-]+(\/[\w-]+)*$/;

const S3_PARAMETERS = ['region', 'endpoint'];

/**
 * A blob store that several processes share: `file:///folder`,
 * `s3://bucket/prefix?region=…&endpoint=…` or `gs://bucket/prefix`. Credentials are what the
 * provider's own library finds in the environment, never part of the address. The libraries are
 * large: each is loaded when its kind of address is opened. Throws SetupError.
 */
export async function createBlobStore(address: string): Promise<OpenBlobStore> {
  if (!URL.canParse(address)) throw new SetupError('BLOB_URL is no address.');
  const url = new URL(address);
  switch (url.protocol) {
    case 'file:':
      return openFolder(url);
    case 's3:':
      return (await import('./s3.js')).createS3BlobStore(toPlace(url, S3_PARAMETERS));
    case 'gs:':
      return (await import('./gcs.js')).createGcsBlobStore(toPlace(url, []));
    default:
      throw new SetupError('BLOB_URL must begin with file:, s3: or gs:.');
  }
}

async function openFolder(url: URL): Promise<OpenBlobStore> {
  if (url.host !== '' || url.search !== '')
    throw new SetupError('BLOB_URL must be file:/// and an absolute path.');
  return createFolderBlobStore({ folder: fileURLToPath(url), shared: true });
}

function toPlace(url: URL, parameters: readonly string[]): BucketLocation {
  if (url.username || url.password)
    throw new SetupError('BLOB_URL must not hold credentials: they belong in the environment.');
  const unknown = [...url.searchParams.keys()].filter((name) => !parameters.includes(name));
  if (unknown.length > 0)
    throw new SetupError(`BLOB_URL has ${unknown.join(', ')}, which means nothing there.`);
  if (url.hostname === '') throw new SetupError('BLOB_URL names no bucket.');
  const path = withoutOuterSlashes(url.pathname);
  if (path !== '' && !FOLDERS.test(path))
    throw new SetupError('The folders in BLOB_URL may have letters, digits, - and _ only.');
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
    'The endpoint in BLOB_URL must be an address such as https://storage.example.com.',
  );
}

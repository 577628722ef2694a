/**
 * Blob stores at an address: the contract on a small S3 and a small Google Cloud Storage, then the
 * behaviour of buckets and shared folders.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { createBlobStore } from '../../src/blobs/create-blob-store.js';
import type { ManagedBlobStore } from '../../src/blobs/managed-blob-store.js';
import { describeBlobStoreContract } from '../support/contracts/blob-store.js';
import { startGcs } from '../support/gcs-server.js';
import '../support/one-error-class.js';
import { startS3, type S3Server } from '../support/s3-server.js';
import { eventually, within } from '../support/wait.js';

const MIB = 1024 * 1024;
const UNAVAILABLE = { name: 'ApiError', code: 'DEPENDENCY_UNAVAILABLE' };

function toAddress({ bucket, endpoint }: { bucket: string; endpoint: string }, prefix = '') {
  return `s3://${bucket}${prefix}?endpoint=${encodeURIComponent(endpoint)}`;
}

describeBlobStoreContract('S3', async () => {
  const s3 = await startS3();
  const store = await createBlobStore(toAddress(s3));
  const close = async () => {
    await store.stop();
    await s3.close();
  };
  return { store, names: s3.keys, close };
});

describeBlobStoreContract('Google Cloud Storage', async () => {
  const gcs = await startGcs();
  process.env['STORAGE_EMULATOR_HOST'] = gcs.address;
  const store = await createBlobStore('gs://bucket/some/folders');
  const names = async () =>
    [...gcs.objects.keys()].map((name) => name.replace(/^some\/folders\//, ''));
  const close = async () => {
    delete process.env['STORAGE_EMULATOR_HOST'];
    await store.stop();
    await gcs.close();
  };
  return { store, names, close };
});

describeBlobStoreContract('a shared folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'docstream-blobs-'));
  const store = await createBlobStore(pathToFileURL(folder).href);
  return {
    store,
    names: () => readdir(folder),
    close: () => rm(folder, { recursive: true, force: true }),
  };
});

describe('blobs in a bucket', () => {
  let s3: S3Server;
  let store: ManagedBlobStore;
  let key: string;
  beforeEach(async () => {
    s3 = await startS3();
    store = await createBlobStore(toAddress(s3, '/some/folders'));
    key = randomUUID();
  });
  afterEach(async () => {
    await store.stop();
    await s3.close();
  });

  it('are stored under the prefix of the address', async () => {
    await store.write(key, Readable.from([Buffer.from('content')]));
    expect(await s3.keys()).toEqual([`some/folders/${key}`]);
    expect(String(await buffer(await store.read(key)))).toBe('content');
    await store.remove(key);
    expect(await s3.keys()).toEqual([]);
  });

  it('may be empty', async () => {
    await store.write(key, Readable.from([]));
    expect(await buffer(await store.read(key))).toHaveLength(0);
  });

  it('take little memory whatever their size: reading waits for the server', async () => {
    const partCount = 24;
    let read = 0;
    let mostAhead = 0;
    async function* slices(): AsyncGenerator<Buffer> {
      for (; read < partCount * 5; read += 1) {
        const sent = s3.requests.filter((request) => request.includes('partNumber')).length;
        mostAhead = Math.max(mostAhead, read - sent * 5);
        yield randomBytes(MIB);
      }
    }
    await store.write(key, Readable.from(slices(), { objectMode: false }));
    expect(s3.requests.filter((request) => request.includes('partNumber'))).toHaveLength(partCount);
    expect(mostAhead).toBeLessThanOrEqual(20);
  });

  it('leave no parts of an upload that broke off', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      for (let slice = 0; slice < 12; slice += 1) yield randomBytes(MIB);
      await eventually(() => s3.requests.some((request) => request.includes('partNumber')));
      throw new Error('the client went away');
    }
    await expect(store.write(key, Readable.from(broken(), { objectMode: false }))).rejects.toThrow(
      'the client went away',
    );
    expect(s3.requests.filter((request) => /^DELETE .*uploadId=/.test(request))).toHaveLength(1);
    expect(s3.requests.filter((request) => /^POST .*uploadId=/.test(request))).toEqual([]);
    expect(await s3.keys()).toEqual([]);
  });

  it('pass the check while the server responds', async () => {
    await expect(store.check()).resolves.toBeUndefined();
  });
});

describe('an unavailable bucket', () => {
  let server: Server;
  let seen: string[];
  let reply: { status: number; body: string };
  let store: ManagedBlobStore;
  beforeEach(async () => {
    seen = [];
    reply = {
      status: 403,
      body: '<Error><Code>AccessDenied</Code><Message>secret words of the driver</Message></Error>',
    };
    server = createServer((request, response) => {
      seen.push(String(request.method));
      request
        .resume()
        .on('end', () =>
          response.writeHead(reply.status, { 'content-type': 'application/xml' }).end(reply.body),
        );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    store = await createBlobStore(
      toAddress({
        bucket: 'b',
        endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      }),
    );
  });
  afterEach(async () => {
    await store.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('fails a write with DEPENDENCY_UNAVAILABLE, without the words of the driver', async () => {
    const content = Readable.from(endless(), { objectMode: false });
    const refused = await store.write('key', content).catch((error: unknown) => error);
    expect(refused).toMatchObject(UNAVAILABLE);
    expect(String(refused)).not.toContain('secret words');
    expect(content.destroyed).toBe(true);
  });

  it('fails a read or a removal with a retryable error, not with BLOB_MISSING', async () => {
    for (const attempt of [
      () => store.read('key'),
      () => store.remove('key'),
      () => store.check(),
    ]) {
      await expect(attempt()).rejects.toMatchObject({
        name: 'ProcessingFailure',
        code: 'INTERNAL',
        retryable: true,
      });
    }
  });

  it('gets several attempts of a write', async () => {
    reply = { status: 503, body: '' };
    await expect(store.write('key', Readable.from([Buffer.from('content')]))).rejects.toMatchObject(
      UNAVAILABLE,
    );
    expect(seen.filter((method) => method === 'PUT').length).toBeGreaterThan(1);
  });

  it('fails a check in time if it accepts no connection', async () => {
    const absent = await createBlobStore(
      toAddress({ bucket: 'b', endpoint: 'http://127.0.0.1:1' }),
    );
    await within(
      expect(absent.check()).rejects.toMatchObject({ code: 'INTERNAL' }),
      10_000,
      'the refusal',
    );
    await absent.stop();
  });
});

async function* endless(): AsyncGenerator<Buffer> {
  for (;;) yield randomBytes(MIB);
}

describe('a shared folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'docstream-blobs-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('keeps the partial files of other processes, and loses those that are hours old', async () => {
    for (const name of ['fresh.part', 'old.part', 'old'])
      await writeFile(join(folder, name), 'content');
    const hoursAgo = new Date(Date.now() - 3 * 60 * 60 * 1_000);
    for (const name of ['old.part', 'old']) await utimes(join(folder, name), hoursAgo, hoursAgo);
    await createBlobStore(pathToFileURL(folder).href);
    expect((await readdir(folder)).sort()).toEqual(['fresh.part', 'old']);
  });

  it('fails the check after it was removed', async () => {
    const store = await createBlobStore(pathToFileURL(join(folder, 'inner')).href);
    await expect(store.check()).resolves.toBeUndefined();
    await rm(join(folder, 'inner'), { recursive: true });
    await expect(store.check()).rejects.toThrow('ENOENT');
  });
});

describe('the address of a blob store', () => {
  it.each([
    ['nonsense', 'not a URL'],
    ['ftp://host/folder', 'must start with file:, s3: or gs:'],
    ['file://host/folder', 'absolute path'],
    ['s3:///folder', 'name a bucket'],
    ['s3://key:secret@bucket', 'must not hold credentials'],
    ['s3://bucket?acl=public', 'acl'],
    ['s3://bucket/a%20b', 'letters, digits'],
    ['s3://bucket/../x y', 'letters, digits'],
    ['s3://bucket/a//b', 'letters, digits'],
    ['s3://bucket?endpoint=localhost', 'endpoint'],
    ['gs://bucket?region=here', 'region'],
  ])('rejects %s: %s', async (address, words) => {
    const refused = await createBlobStore(address).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      name: 'SetupError',
      message: expect.stringContaining(words) as string,
    });
    expect(String(refused)).not.toContain('secret');
  });
});

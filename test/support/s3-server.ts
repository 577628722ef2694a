/**
 * A small S3 in this process, on a temporary folder. It does not implement AbortMultipartUpload;
 * tests can only see the request.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';

interface Server3 {
  httpServer: Server;
  run(): Promise<AddressInfo>;
  close(): Promise<void>;
}

const require = createRequire(import.meta.url);
const S3rver = require('@20minutes/s3rver') as new (options: object) => Server3;

/** The only key that the server accepts. */
const KEY = 'S3RVER';

export interface S3Server {
  endpoint: string;
  bucket: string;
  /** The method and address of each request so far. */
  requests: string[];
  /** Returns the keys in the bucket. */
  keys(): Promise<string[]>;
  close(): Promise<void>;
}

export async function startS3(): Promise<S3Server> {
  const directory = await mkdtemp(join(tmpdir(), 'docstream-s3-'));
  const bucket = `test-${randomUUID()}`;
  // s3rver 5.0.0 computes the signature of a list differently from the client.
  const signatures = { allowMismatchedSignatures: true };
  const options = {
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory,
    configureBuckets: [{ name: bucket }],
    ...signatures,
  };
  const server = new S3rver(options);
  const endpoint = `http://127.0.0.1:${(await server.run()).port}`;
  const requests: string[] = [];
  server.httpServer.on('request', ({ method, url }: IncomingMessage) =>
    requests.push(`${String(method)} ${String(url)}`),
  );
  process.env['AWS_ACCESS_KEY_ID'] = process.env['AWS_SECRET_ACCESS_KEY'] = KEY;
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
  return {
    endpoint,
    bucket,
    requests,
    keys: async () =>
      ((await client.send(new ListObjectsV2Command({ Bucket: bucket }))).Contents ?? []).map(
        ({ Key = '' }) => Key,
      ),
    close: async () => {
      client.destroy();
      server.httpServer.closeAllConnections();
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/**
 * The product as many processes on real servers. Each cluster has its own database and folder of
 * files. Topics, Redis and Weaviate are shared with the clusters of other files, which never run at
 * the same time and have other document ids and users.
 */
import { Client } from 'pg';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startProduct, type Product } from './product.js';
import { serviceVariables } from './services.js';

export interface ClusterSize {
  apis: number;
  workers: number;
  relays: number;
  env?: Record<string, string>;
}

export interface Cluster {
  apis: Product[];
  workers: Product[];
  relays: Product[];
  env: Record<string, string>;
  /** Starts one more process. */
  start(
    role: 'api' | 'worker' | 'relay',
    env?: Record<string, string>,
    until?: 'ready' | 'alive',
  ): Promise<Product>;
  /** Returns the rows of one statement. */
  query<Row extends object>(sql: string, parameters?: unknown[]): Promise<Row[]>;
  /** Closes what only this cluster uses; its processes are stopped after the test file. */
  close(): Promise<void>;
}

export async function startCluster({
  apis,
  workers,
  relays,
  env = {},
}: ClusterSize): Promise<Cluster> {
  const services = serviceVariables();
  if (!services)
    throw new Error(
      'no services: run `npm run services -- up` and name its variables file in DOCSTREAM_SERVICES_ENV',
    );
  const {
    FIREBASE_PROJECT_ID: _project,
    FIREBASE_AUTH_EMULATOR_HOST: _emulator,
    FIREBASE_API_KEY: _key,
    ...used
  } = services;
  const databaseUrl = await createDatabase(services['DATABASE_URL'] ?? '');
  const dataDir = await mkdtemp(join(tmpdir(), 'docstream-cluster-'));
  const blobs = { BLOB_URL: pathToFileURL(join(dataDir, 'blobs')).href };
  const all = {
    COHERE_INPUTS_PER_MINUTE: '10000000',
    ...used,
    ...blobs,
    DATABASE_URL: databaseUrl,
    ...env,
  };
  const start: Cluster['start'] = (role, more = {}, until = 'ready') =>
    startProduct({ role, dataDir, until, env: { ...all, ...more } });
  const many = (role: 'api' | 'worker' | 'relay', count: number) =>
    Promise.all(Array.from({ length: count }, () => start(role)));
  const [apiProcesses, workerProcesses, relayProcesses] = await Promise.all([
    many('api', apis),
    many('worker', workers),
    many('relay', relays),
  ]);
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  return {
    apis: apiProcesses,
    workers: workerProcesses,
    relays: relayProcesses,
    env: all,
    start,
    query: async <Row extends object>(sql: string, parameters: unknown[] = []) =>
      (await client.query<Row>(sql, parameters)).rows,
    close: async () => {
      await client.end();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function createDatabase(url: string): Promise<string> {
  const name = `docstream_${randomBytes(6).toString('hex')}`;
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const own = new URL(url);
  own.pathname = `/${name}`;
  return own.href;
}

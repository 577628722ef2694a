/**
 * The real servers of the benchmarks of a cluster: those of DOCSTREAM_SERVICES_ENV, or a set that
 * runs for one benchmark.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv, promisify } from 'node:util';
import { Client } from 'pg';

export interface Servers {
  kafkaBrokers: string;
  databaseUrl: string;
  redisUrl: string;
  weaviateUrl: string;
  /** The address of the Cohere stand-in. */
  cohereUrl: string;
}

const SCRIPT = fileURLToPath(new URL('../../scripts/services.mjs', import.meta.url));
const NAMES = ['kafka', 'postgres', 'redis', 'weaviate', 'cohere'];
const START_MS = 600_000;

const execFileAsync = promisify(execFile);

export async function withServers<Result>(
  work: (servers: Servers) => Promise<Result>,
): Promise<Result> {
  const file = process.env['DOCSTREAM_SERVICES_ENV'];
  if (file) return work(await readServers(file));
  const folder = await mkdtemp(join(tmpdir(), 'docstream-bench-servers-'));
  const services = (...options: string[]) =>
    execFileAsync(process.execPath, [SCRIPT, ...options, '--folder', folder], {
      timeout: START_MS,
    });
  try {
    await services('up', ...NAMES);
    return await work(await readServers(join(folder, 'services.env')));
  } finally {
    await services('down', '--remove');
  }
}

async function readServers(file: string): Promise<Servers> {
  const variables = parseEnv(await readFile(file, 'utf8'));
  const valueOf = (name: string): string => {
    const value = variables[name];
    if (!value)
      throw new Error(
        `${file} does not set ${name}; run npm run services -- up ${NAMES.join(' ')}`,
      );
    return value;
  };
  return {
    kafkaBrokers: valueOf('KAFKA_BROKERS'),
    databaseUrl: valueOf('DATABASE_URL'),
    redisUrl: valueOf('REDIS_URL'),
    weaviateUrl: valueOf('WEAVIATE_URL'),
    cohereUrl: valueOf('COHERE_BASE_URL'),
  };
}

/** Creates an empty database on the server of `url` and returns the address of the database. */
export async function createDatabase(url: string): Promise<string> {
  const name = `bench_${randomBytes(6).toString('hex')}`;
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const address = new URL(url);
  address.pathname = `/${name}`;
  return address.href;
}

export async function dropDatabase(url: string): Promise<void> {
  const server = new URL(url);
  const name = server.pathname.slice(1);
  server.pathname = '/postgres';
  const client = new Client({ connectionString: server.href });
  await client.connect();
  await client.query(`drop database if exists ${name} with (force)`);
  await client.end();
}

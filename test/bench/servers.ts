/**
 * The real servers that the benchmarks of the cluster run on: those of DOCSTREAM_SERVICES_ENV, or a
 * set of their own for one run.
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
  /** Of the stand-in: only the API process uses it here, for searches, of which there are none. */
  cohereUrl: string;
}

const SCRIPT = fileURLToPath(new URL('../../scripts/services.mjs', import.meta.url));
const NAMES = ['kafka', 'postgres', 'redis', 'weaviate', 'cohere'];
const START_MS = 600_000;

const execFileAsync = promisify(execFile);

export async function withServers<Result>(
  work: (servers: Servers) => Promise<Result>,
): Promise<Result> {
  const given = process.env['DOCSTREAM_SERVICES_ENV'];
  if (given) return work(await readServers(given));
  const folder = await mkdtemp(join(tmpdir(), 'docstream-bench-servers-'));
  const services = (...words: string[]) =>
    execFileAsync(process.execPath, [SCRIPT, ...words, '--folder', folder], { timeout: START_MS });
  try {
    await services('up', ...NAMES);
    return await work(await readServers(join(folder, 'services.env')));
  } finally {
    await services('down', '--remove');
  }
}

async function readServers(file: string): Promise<Servers> {
  const variables = parseEnv(await readFile(file, 'utf8'));
  const named = (name: string): string => {
    const value = variables[name];
    if (!value)
      throw new Error(`${file} does not name ${name}: npm run services -- up ${NAMES.join(' ')}`);
    return value;
  };
  return {
    kafkaBrokers: named('KAFKA_BROKERS'),
    databaseUrl: named('DATABASE_URL'),
    redisUrl: named('REDIS_URL'),
    weaviateUrl: named('WEAVIATE_URL'),
    cohereUrl: named('COHERE_BASE_URL'),
  };
}

/** An empty database of its own, on the same server. */
export async function createDatabase(url: string): Promise<string> {
  const name = `bench_${randomBytes(6).toString('hex')}`;
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const own = new URL(url);
  own.pathname = `/${name}`;
  return own.href;
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

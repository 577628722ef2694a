/**
 * A separate database for one suite on the server of DATABASE_URL, with the schema of the build.
 */
import { Client } from 'pg';
import { randomBytes } from 'node:crypto';
import type { Database } from '../../src/postgres/database.js';
import { built } from './built.js';

const { openDatabase } =
  await built<typeof import('../../src/postgres/database.js')>('postgres/database.js');

export interface OwnDatabase {
  database: Database;
  url: string;
  close(): Promise<void>;
}

export async function openOwnDatabase(server: string, poolSize = 2): Promise<OwnDatabase> {
  const { url, drop } = await createDatabase(server);
  const database = await openDatabase({ url, poolSize }, { holdsVectors: false });
  const close = async (): Promise<void> => {
    await database.close();
    await drop();
  };
  return { database, url, close };
}

/** Creates an empty database without a schema. */
export async function createDatabase(
  server: string,
): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await runOn(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => runOn(server, `drop database ${name} with (force)`) };
}

async function runOn(connectionString: string, statement: string): Promise<void> {
  const client = new Client({ connectionString });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

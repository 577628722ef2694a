import { Migrator } from '@mikro-orm/migrations';
import { MikroORM, type EntityManager, type Kysely } from '@mikro-orm/postgresql';
import { CompiledQuery } from 'kysely';
import { Client } from 'pg';
import { ApiError, SetupError } from '../errors.js';
import { documentEntity } from './entities.js';
import { Documents0001 } from './migrations/0001-documents.js';
import { Vectors0002 } from './migrations/0002-vectors.js';
import { Relay0003 } from './migrations/0003-relay.js';
import { Backlog0004 } from './migrations/0004-backlog.js';

/**
 * What the adapters of this folder work with: every call gets a session of its own, so nothing is remembered between requests.
 * Throws DEPENDENCY_UNAVAILABLE when the database is away or full; any other error of it is a bug of ours.
 */
export interface Database {
  /** Rows of one statement; `?` stands for a parameter. */
  query<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** One transaction: committed when `work` resolves, rolled back when it rejects. */
  transaction<Result>(work: (query: Database['query']) => Promise<Result>): Promise<Result>;
  /** What a query builder says better than a text. */
  build<Result>(work: (session: EntityManager) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/** The embedded engine is one session behind one socket, so it has a pool of one: messages of two connections would mix. */
export type DatabaseAddress =
  { host: string; port: number; user: string; password: string; dbName: string; poolSize: 1 } | { url: string; poolSize: number };

const MIGRATIONS = [
  { name: '0001-documents', class: Documents0001 },
  { name: '0002-vectors', class: Vectors0002 },
  { name: '0003-relay', class: Relay0003 },
  { name: '0004-backlog', class: Backlog0004 },
];

/** Connects and brings the schema up to date. `holdsVectors`: whether it needs pgvector. Throws SetupError when the server refuses us. */
export async function openDatabase(address: DatabaseAddress, { holdsVectors }: { holdsVectors: boolean }): Promise<Database> {
  return guarded(async () => {
    const orm = await MikroORM.init({
      ...toConnection(address),
      entities: [documentEntity],
      extensions: [Migrator],
      pool: { min: address.poolSize === 1 ? 1 : 0, max: address.poolSize },
      migrations: {
        ...{ tableName: 'schema_migrations', snapshot: false, silent: true },
        migrationsList: MIGRATIONS.filter(({ name }) => holdsVectors || name !== '0002-vectors'),
      },
    });
    try {
      await migrate(orm, address);
    } catch (error) {
      await orm.close();
      throw toSetupError(error) ?? error;
    }
    return toDatabase(orm);
  });
}

function toConnection(address: DatabaseAddress): object {
  if ('url' in address) return { clientUrl: address.url };
  const { host, port, user, password, dbName } = address;
  return { host, port, user, password, dbName };
}

const MIGRATING = 0x646f_6300;
const CONNECT_MS = 5_000;

/** Many processes start at once: one brings the schema up to date and the others wait for it. The embedded engine has one owner anyway. */
async function migrate(orm: MikroORM, address: DatabaseAddress): Promise<void> {
  if (!('url' in address)) return bringUpToDate(orm);
  const client = new Client({
    connectionString: address.url,
    application_name: 'docstream migrations',
    connectionTimeoutMillis: CONNECT_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select pg_advisory_lock($1)', [MIGRATING]);
    await bringUpToDate(orm);
  } finally {
    await client.end();
  }
}

/** A schema that a newer version has changed is not ours to write to. */
async function bringUpToDate(orm: MikroORM): Promise<void> {
  const known = new Set(MIGRATIONS.map(({ name }) => name));
  const newer = (await orm.migrator.getExecuted()).find(({ name }) => !known.has(name));
  if (newer) throw new SetupError(`The database was changed by a newer docstream (${newer.name}): start that one.`);
  await orm.migrator.up();
}

/** What waiting does not mend; the server's own words name the user. */
const REFUSALS: Record<string, string> = {
  '28P01': 'PostgreSQL refuses the user name or the password: mend DATABASE_URL.',
  '28000': 'PostgreSQL does not let this user in: mend DATABASE_URL or the server’s pg_hba.conf.',
  '3D000': 'PostgreSQL has no database of this name: create it or mend DATABASE_URL.',
};

function toSetupError(error: unknown): SetupError | null {
  if (error instanceof SetupError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = REFUSALS[code];
  return message === undefined ? null : new SetupError(message, { cause: error });
}

function toDatabase(orm: MikroORM): Database {
  const kysely = orm.em.getKysely<unknown>();
  return {
    query: (sql, parameters) => guarded(() => queryOn(kysely)(sql, parameters)),
    transaction: (work) => guarded(() => kysely.transaction().execute((transaction) => work(queryOn(transaction)))),
    build: (work) => guarded(() => work(orm.em.fork())),
    close: () => orm.close(),
  };
}

/** Parameters travel beside the text. The session's own `execute` writes them into it: a batch of events would be escaped here and parsed there. */
function queryOn(kysely: Kysely<unknown>): Database['query'] {
  return async <Row>(sql: string, parameters: readonly unknown[] = []) =>
    (await kysely.executeQuery<Row>(CompiledQuery.raw(toNumbered(sql), [...parameters]))).rows;
}

const numbered = new Map<string, string>();

/** The driver's placeholders, for each `?` in turn. */
function toNumbered(sql: string): string {
  const known = numbered.get(sql);
  if (known !== undefined) return known;
  let number = 0;
  const text = sql.replaceAll('?', () => `$${String((number += 1))}`);
  numbered.set(sql, text);
  return text;
}

/** SQLSTATE classes: connection, insufficient resources, operator intervention, system error. And the operating system's own codes. */
const AWAY = /^(08|53|57|58|E[A-Z]+$)/;
/** The driver gives these no code. */
const LOST = /^(Connection terminated|timeout exceeded|Client has encountered a connection error)/;

async function guarded<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || error instanceof ApiError) throw error;
    const isAway = ('code' in error && typeof error.code === 'string' && AWAY.test(error.code)) || LOST.test(error.message);
    if (!isAway) throw error;
    throw new ApiError('DEPENDENCY_UNAVAILABLE', 'The database does not answer: try again.', {}, { cause: error });
  }
}

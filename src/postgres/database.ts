import { Migrator } from '@mikro-orm/migrations';
import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import { Client, type ClientBase, type Pool, type PoolClient } from 'pg';
import { ApiError, SetupError } from '../errors.js';
import { documentEntity } from './entities.js';
import { Documents0001 } from './migrations/0001-documents.js';
import { Vectors0002 } from './migrations/0002-vectors.js';
import { Relay0003 } from './migrations/0003-relay.js';
import { Backlog0004 } from './migrations/0004-backlog.js';
import { NarrowHistory0005 } from './migrations/0005-narrow-history.js';
import { AnIndexForEachQuestion0006 } from './migrations/0006-an-index-for-each-question.js';
import { Installation0007 } from './migrations/0007-installation.js';
import { QueueByReadingLoad0008 } from './migrations/0008-queue-by-reading-load.js';

/**
 * What the adapters of this folder work with: every call gets a session of its own, so nothing is
 * remembered between requests. Throws DEPENDENCY_UNAVAILABLE when the database is away or full; any
 * other error of it is a bug of ours.
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

/**
 * The embedded engine is one session behind one socket, so it has a pool of one: messages of two
 * connections would mix.
 */
export type DatabaseAddress =
  | { host: string; port: number; user: string; password: string; dbName: string; poolSize: 1 }
  | { url: string; poolSize: number };

const MIGRATIONS = [
  { name: '0001-documents', class: Documents0001 },
  { name: '0002-vectors', class: Vectors0002 },
  { name: '0003-relay', class: Relay0003 },
  { name: '0004-backlog', class: Backlog0004 },
  { name: '0005-narrow-history', class: NarrowHistory0005 },
  { name: '0006-an-index-for-each-question', class: AnIndexForEachQuestion0006 },
  { name: '0007-installation', class: Installation0007 },
  { name: '0008-queue-by-reading-load', class: QueueByReadingLoad0008 },
];

export interface DatabaseOptions {
  /** Whether it needs pgvector. */
  holdsVectors: boolean;
  /**
   * A server ends a statement that runs longer; absent: never. The embedded engine cannot interrupt
   * itself.
   */
  statementTimeoutMs?: number;
}

/** Connects and brings the schema up to date. Throws SetupError when the server refuses us. */
export async function openDatabase(
  address: DatabaseAddress,
  options: DatabaseOptions,
): Promise<Database> {
  const { holdsVectors, statementTimeoutMs = 0 } = options;
  const limits = createStatementLimits();
  return guarded(async () => {
    const orm = await MikroORM.init({
      ...toConnection(address),
      entities: [documentEntity],
      extensions: [Migrator],
      pool: { min: address.poolSize === 1 ? 1 : 0, max: address.poolSize },
      driverOptions: {
        onConnect: (client: ClientBase) => readByKey(client).then(() => limits.apply(client)),
      },
      migrations: {
        tableName: 'schema_migrations',
        snapshot: false,
        silent: true,
        migrationsList: MIGRATIONS.filter(({ name }) => holdsVectors || name !== '0002-vectors'),
      },
    });
    try {
      await migrate(orm, address);
      const pool = await orm.driver.getConnection().getNativeClient();
      await limits.begin(pool, statementTimeoutMs);
      return toDatabase(orm, pool, 'url' in address ? createNames() : () => undefined);
    } catch (error) {
      await orm.close();
      throw toSetupError(error) ?? error;
    }
  });
}

function toConnection(address: DatabaseAddress): object {
  if ('url' in address) return { clientUrl: address.url };
  const { host, port, user, password, dbName } = address;
  return { host, port, user, password, dbName };
}

/**
 * What we read is found by indexes, a few rows at a time and in their order. Left to itself the
 * server reads all of a table, or sorts all of an index, while that is small, or was when the
 * statement was planned; and it compiles what it thinks will take long.
 */
async function readByKey(client: ClientBase): Promise<void> {
  await client.query(
    'set enable_seqscan = off; set enable_bitmapscan = off; set random_page_cost = 1.1; set jit = off',
  );
}

interface StatementLimits {
  /** For a connection that has just been opened. */
  apply(client: ClientBase): Promise<void>;
  /** From now on, on the connections there are and on later ones. */
  begin(pool: Pool, timeoutMs: number): Promise<void>;
}

/**
 * They begin after the migrations, which take as long as they take, on a pool that nobody else uses
 * yet.
 */
function createStatementLimits(): StatementLimits {
  let timeoutMs = 0;
  async function apply(client: ClientBase): Promise<void> {
    if (timeoutMs > 0) await client.query(`set statement_timeout = ${timeoutMs}`);
  }
  async function begin(pool: Pool, chosenMs: number): Promise<void> {
    timeoutMs = chosenMs;
    const clients = await Promise.all(
      Array.from({ length: pool.totalCount }, () => pool.connect()),
    );
    for (const client of clients) await apply(client).finally(() => client.release());
  }
  return { apply, begin };
}

const MIGRATING = 0x646f_6300;
const CONNECT_MS = 5_000;

/**
 * Many processes start at once: one brings the schema up to date and the others wait for it. The
 * embedded engine has one owner anyway.
 */
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
  if (newer)
    throw new SetupError(
      `The database was changed by a newer docstream (${newer.name}): start that one.`,
    );
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

type Query = Database['query'];
/** Of a prepared statement; undefined: it is not kept. */
type NameOf = (sql: string) => string | undefined;

/**
 * Statements go to the driver's pool as they are: the session's own way writes parameters into the
 * text, which is then parsed anew each time.
 */
function toDatabase(orm: MikroORM, pool: Pool, nameOf: NameOf): Database {
  return {
    query: (...statement) =>
      guarded(() => withClient(pool, (client) => queryOn(client, nameOf)(...statement))),
    transaction: (work) =>
      guarded(() => withClient(pool, (client) => transactionOn(client, nameOf, work))),
    build: (work) => guarded(() => work(orm.em.fork())),
    close: () => orm.close(),
  };
}

/**
 * The pool's own `query` throws a connection away after any error, also one that the statement is
 * to blame for.
 */
async function withClient<Result>(
  pool: Pool,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  try {
    return await work(client);
  } finally {
    client.release();
  }
}

async function transactionOn<Result>(
  client: PoolClient,
  nameOf: NameOf,
  work: (query: Query) => Promise<Result>,
): Promise<Result> {
  await client.query('begin');
  try {
    const result = await work(queryOn(client, nameOf));
    await client.query('commit');
    return result;
  } catch (error) {
    // It fails where the connection is gone, and then the server has rolled back by itself.
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

function queryOn(client: Pick<ClientBase, 'query'>, nameOf: NameOf): Query {
  return async <Row>(sql: string, parameters: readonly unknown[] = []) => {
    const name = nameOf(sql);
    const { rows } = await client.query<Row & object>({
      text: toNumbered(sql),
      values: [...parameters],
      ...(name && { name }),
    });
    return rows;
  };
}

/**
 * Each connection parses and plans a statement once and keeps it under its name: for the short ones
 * that is a third of their time. A statement that is kept must name its columns, since the server
 * refuses it once a newer version has added one. The embedded engine is one session for all
 * connections, in which a name can be given once only: nothing is kept there.
 */
function createNames(): NameOf {
  const names = new Map<string, string>();
  return (sql) => {
    const name = names.get(sql) ?? `docstream_${names.size + 1}`;
    names.set(sql, name);
    return name;
  };
}

const numbered = new Map<string, string>();

/** The driver's placeholders, for each `?` in turn. */
function toNumbered(sql: string): string {
  const known = numbered.get(sql);
  if (known !== undefined) return known;
  let number = 0;
  const text = sql.replaceAll('?', () => `$${(number += 1)}`);
  numbered.set(sql, text);
  return text;
}

/**
 * SQLSTATE classes: connection, insufficient resources, operator intervention, system error. And
 * the operating system's own codes.
 */
const AWAY = /^(08|53|57|58|E[A-Z]+$)/;
/** The driver gives these no code. */
const LOST = /^(Connection terminated|timeout exceeded|Client has encountered a connection error)/;

async function guarded<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || error instanceof ApiError) throw error;
    const isAway =
      ('code' in error && typeof error.code === 'string' && AWAY.test(error.code)) ||
      LOST.test(error.message);
    if (!isAway) throw error;
    throw new ApiError(
      'DEPENDENCY_UNAVAILABLE',
      'The database does not answer: try again.',
      {},
      { cause: error },
    );
  }
}

import { Migrator } from '@mikro-orm/migrations';
import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import type { ClientBase, Pool } from 'pg';
import { SetupError } from '../errors.js';
import { documentEntity } from './entities.js';
import { migrate, toMigrationOptions } from './migrate.js';
import {
  createQuery,
  createStatementNames,
  runTransaction,
  translateErrors,
  withClient,
  type NameOf,
} from './statements.js';

/**
 * The connection that the adapters of this folder share. Every call gets a session of its own, so
 * that no state passes from one request to the next. Throws DEPENDENCY_UNAVAILABLE if the database
 * does not respond or has no capacity; any other error from it is a bug in a statement.
 */
export interface Database {
  /** Returns the rows of one statement. `?` stands for a parameter. */
  query<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** Runs one transaction: commits when `work` resolves, rolls back when it rejects. */
  transaction<Result>(work: (query: Database['query']) => Promise<Result>): Promise<Result>;
  /** Runs a query that a query builder expresses better than SQL text. */
  build<Result>(work: (session: EntityManager) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/**
 * A PostgreSQL server by its URL, or the embedded engine. The embedded engine is one session behind
 * one socket, so its pool has one connection: the messages of two connections would mix.
 */
export type DatabaseAddress =
  | { host: string; port: number; user: string; password: string; dbName: string; poolSize: 1 }
  | { url: string; poolSize: number };

export interface DatabaseOptions {
  /** Whether the database stores vectors and needs pgvector. */
  holdsVectors: boolean;
  /**
   * The time after which a server cancels a statement; absent: never. The embedded engine cannot
   * interrupt itself.
   */
  statementTimeoutMs?: number;
}

/**
 * Connects and migrates the schema. Throws SetupError if the server rejects the connection or a
 * newer version has changed the schema.
 */
export async function openDatabase(
  address: DatabaseAddress,
  options: DatabaseOptions,
): Promise<Database> {
  const { holdsVectors, statementTimeoutMs = 0 } = options;
  const timeout = createStatementTimeout();
  return translateErrors(async () => {
    const orm = await MikroORM.init({
      ...toConnection(address),
      entities: [documentEntity],
      extensions: [Migrator],
      pool: { min: address.poolSize === 1 ? 1 : 0, max: address.poolSize },
      driverOptions: {
        onConnect: (client: ClientBase) => preferIndexes(client).then(() => timeout.apply(client)),
      },
      migrations: toMigrationOptions({ holdsVectors }),
    });
    try {
      await migrate(orm, 'url' in address ? address.url : null);
      const pool = await orm.driver.getConnection().getNativeClient();
      await timeout.enable(pool, statementTimeoutMs);
      return toDatabase(orm, pool, 'url' in address ? createStatementNames() : () => undefined);
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
 * Statements go to the driver's pool directly. The session of MikroORM 7.2 writes parameters into
 * the SQL text, and the server would parse each text anew.
 */
function toDatabase(orm: MikroORM, pool: Pool, nameOf: NameOf): Database {
  return {
    query: (...statement) =>
      translateErrors(() =>
        withClient(pool, (client) => createQuery(client, nameOf)(...statement)),
      ),
    transaction: (work) =>
      translateErrors(() => withClient(pool, (client) => runTransaction(client, nameOf, work))),
    build: (work) => translateErrors(() => work(orm.em.fork())),
    close: () => orm.close(),
  };
}

/**
 * Makes the planner read a few rows by an index and in its order, as all our statements are meant
 * to be. By default the server reads a whole table or sorts a whole index while it is small, or if
 * it was when the statement was planned, and compiles statements that it expects to take long.
 */
async function preferIndexes(client: ClientBase): Promise<void> {
  await client.query(
    'set enable_seqscan = off; set enable_bitmapscan = off; set random_page_cost = 1.1; set jit = off',
  );
}

interface StatementTimeout {
  /** Sets the timeout of a connection that has just been opened. */
  apply(client: ClientBase): Promise<void>;
  /** Sets the timeout of all open connections and of later ones. */
  enable(pool: Pool, timeoutMs: number): Promise<void>;
}

/**
 * The timeout is enabled after the migrations, which may take any time, while no other caller uses
 * the pool.
 */
function createStatementTimeout(): StatementTimeout {
  let timeoutMs = 0;
  async function apply(client: ClientBase): Promise<void> {
    if (timeoutMs > 0) await client.query(`set statement_timeout = ${timeoutMs}`);
  }
  async function enable(pool: Pool, chosenMs: number): Promise<void> {
    timeoutMs = chosenMs;
    const clients = await Promise.all(
      Array.from({ length: pool.totalCount }, () => pool.connect()),
    );
    for (const client of clients) await apply(client).finally(() => client.release());
  }
  return { apply, enable };
}

/** The errors, by SQLSTATE, that a retry does not fix. The server's own message names the user. */
const SETUP_PROBLEMS: Record<string, string> = {
  '28P01': 'PostgreSQL rejected the user name or password; check DATABASE_URL.',
  '28000':
    'PostgreSQL does not allow this user to connect; correct DATABASE_URL or the server’s pg_hba.conf.',
  '3D000': 'The database does not exist; create it or correct DATABASE_URL.',
};

function toSetupError(error: unknown): SetupError | null {
  if (error instanceof SetupError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = SETUP_PROBLEMS[code];
  return message === undefined ? null : new SetupError(message, { cause: error });
}

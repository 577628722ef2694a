/** How SQL statements reach the server: clients, transactions, names, placeholders and errors. */
import type { ClientBase, Pool, PoolClient } from 'pg';
import { ApiError } from '../errors.js';
import type { Database } from './database.js';

type Query = Database['query'];
/** Returns the name of a prepared statement; undefined: the statement is not prepared. */
export type NameOf = (sql: string) => string | undefined;

/**
 * Lends a client of the pool to `work`. The pool's own `query` closes the connection after any
 * error, also after one that the statement caused (pg 8.23).
 */
export async function withClient<Result>(
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

export async function runTransaction<Result>(
  client: PoolClient,
  nameOf: NameOf,
  work: (query: Query) => Promise<Result>,
): Promise<Result> {
  await client.query('begin');
  try {
    const result = await work(createQuery(client, nameOf));
    await client.query('commit');
    return result;
  } catch (error) {
    // The rollback fails if the connection is lost; the server then rolls back on its own.
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

export function createQuery(client: Pick<ClientBase, 'query'>, nameOf: NameOf): Query {
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
 * Returns a function that gives each statement a name, under which each connection prepares it
 * once: parsing and planning take a third of the time of a short statement. A prepared statement
 * must list its columns, because the server rejects it once a migration has added one. The embedded
 * engine has one session for all connections, in which a name can be used once only, so it prepares
 * nothing.
 */
export function createStatementNames(): NameOf {
  const names = new Map<string, string>();
  return (sql) => {
    const name = names.get(sql) ?? `docstream_${names.size + 1}`;
    names.set(sql, name);
    return name;
  };
}

const numberedStatements = new Map<string, string>();

/** Replaces each `?` by the placeholder of the driver: $1, $2 and so on. */
function toNumbered(sql: string): string {
  const known = numberedStatements.get(sql);
  if (known !== undefined) return known;
  let number = 0;
  const text = sql.replaceAll('?', () => `$${(number += 1)}`);
  numberedStatements.set(sql, text);
  return text;
}

/**
 * The codes of an unavailable database. SQLSTATE classes 08 connection, 53 insufficient resources,
 * 57 operator intervention and 58 system error; codes of the operating system start with E.
 */
const UNAVAILABLE_CODE = /^(08|53|57|58|E[A-Z]+$)/;
/**
 * pg 8.23 and its pool set no code on these errors, so their message is the only sign: a connection
 * that ended during a statement, no free connection in time, a statement on a lost connection.
 */
const UNAVAILABLE_MESSAGE =
  /^(Connection terminated|timeout exceeded|Client has encountered a connection error)/;

/** Throws DEPENDENCY_UNAVAILABLE instead of the driver's errors that say so; rethrows others. */
export async function translateErrors<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    throw new ApiError(
      'DEPENDENCY_UNAVAILABLE',
      'The database is not responding; try again later.',
      {},
      { cause: error },
    );
  }
}

function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof ApiError) return false;
  if ('code' in error && typeof error.code === 'string' && UNAVAILABLE_CODE.test(error.code))
    return true;
  return UNAVAILABLE_MESSAGE.test(error.message);
}

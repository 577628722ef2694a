import { Migrator } from '@mikro-orm/migrations';
import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import { ApiError } from '../errors.js';
import { documentEntity } from './entities.js';
import { Documents0001 } from './migrations/0001-documents.js';
import { Vectors0002 } from './migrations/0002-vectors.js';

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

export interface DatabaseAddress {
  host: string;
  port: number;
  user: string;
  password: string;
  dbName: string;
  /** The embedded engine is one session behind one socket: messages of two connections would mix. */
  poolSize: number;
}

const MIGRATIONS = [
  { name: '0001-documents', class: Documents0001 },
  { name: '0002-vectors', class: Vectors0002 },
];

/** Connects and brings the schema up to date. */
export async function openDatabase(address: DatabaseAddress): Promise<Database> {
  const { poolSize, ...server } = address;
  const orm = await MikroORM.init({
    ...server,
    entities: [documentEntity],
    extensions: [Migrator],
    pool: { min: poolSize === 1 ? 1 : 0, max: poolSize },
    migrations: { migrationsList: MIGRATIONS, tableName: 'schema_migrations', snapshot: false, silent: true },
  });
  await orm.migrator.up();
  return toDatabase(orm);
}

function toDatabase(orm: MikroORM): Database {
  return {
    query: (sql, parameters = []) => guarded(() => orm.em.fork().execute(sql, [...parameters])),
    transaction: (work) =>
      guarded(() => orm.em.fork().transactional((em) => work((sql, parameters = []) => em.execute(sql, [...parameters])), { clear: true })),
    build: (work) => guarded(() => work(orm.em.fork())),
    close: () => orm.close(),
  };
}

/** SQLSTATE classes: connection, insufficient resources, operator intervention, system error. And the operating system's own codes. */
const AWAY = /^(08|53|57P|58|E[A-Z]+$)/;
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

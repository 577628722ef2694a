import { Migrator } from '@mikro-orm/migrations';
import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import { documentEntity } from './entities.js';
import { Documents0001 } from './migrations/0001-documents.js';
import { Vectors0002 } from './migrations/0002-vectors.js';

/** What the adapters of this folder work with: every call gets a session of its own, so nothing is remembered between requests. */
export interface Database {
  /** Rows of one statement; `?` stands for a parameter. */
  query<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** One transaction: committed when `work` resolves, rolled back when it rejects. */
  transaction<Result>(work: (query: Database['query'], em: EntityManager) => Promise<Result>): Promise<Result>;
  /** A session for query builders. */
  session(): EntityManager;
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
    query: (sql, parameters = []) => orm.em.fork().execute(sql, [...parameters]),
    transaction: (work) =>
      orm.em.fork().transactional((em) => work((sql, parameters = []) => em.execute(sql, [...parameters]), em), { clear: true }),
    session: () => orm.em.fork(),
    close: () => orm.close(),
  };
}

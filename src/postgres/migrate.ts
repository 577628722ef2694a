import type { MikroORM } from '@mikro-orm/postgresql';
import { Client } from 'pg';
import { SetupError } from '../errors.js';
import { Documents0001 } from './migrations/0001-documents.js';
import { Vectors0002 } from './migrations/0002-vectors.js';
import { Relay0003 } from './migrations/0003-relay.js';
import { Backlog0004 } from './migrations/0004-backlog.js';
import { NarrowHistory0005 } from './migrations/0005-narrow-history.js';
import { AnIndexForEachQuestion0006 } from './migrations/0006-an-index-for-each-question.js';
import { Installation0007 } from './migrations/0007-installation.js';
import { QueueByReadingLoad0008 } from './migrations/0008-queue-by-reading-load.js';

/** The database stores these names, so they never change. */
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

/** Key of the advisory lock that a process holds while it migrates. */
const MIGRATION_LOCK = 0x646f_6300;
const CONNECT_TIMEOUT_MS = 5_000;

/** Returns the options of the migrator. Without vectors the database needs no pgvector. */
export function toMigrationOptions({ holdsVectors }: { holdsVectors: boolean }) {
  return {
    tableName: 'schema_migrations',
    snapshot: false,
    silent: true,
    migrationsList: MIGRATIONS.filter(({ name }) => holdsVectors || name !== '0002-vectors'),
  };
}

/**
 * Migrates the schema. Of several processes that start at once one migrates and the others wait for
 * it. The embedded engine, whose `url` is null, has one process only. Throws SetupError if a newer
 * version has changed the schema.
 */
export async function migrate(orm: MikroORM, url: string | null): Promise<void> {
  if (url === null) return runMigrations(orm);
  const client = new Client({
    connectionString: url,
    application_name: 'docstream migrations',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await runMigrations(orm);
  } finally {
    await client.end();
  }
}

async function runMigrations(orm: MikroORM): Promise<void> {
  const known = new Set(MIGRATIONS.map(({ name }) => name));
  const newer = (await orm.migrator.getExecuted()).find(({ name }) => !known.has(name));
  if (newer)
    throw new SetupError(
      `A newer version of docstream has changed the database (${newer.name}); start that version.`,
    );
  await orm.migrator.up();
}

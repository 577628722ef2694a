/**
 * Adapters of the build. Contract tests use the build because threads and processes start from
 * compiled files. Its error classes are not those of the sources: compare names and codes.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from '../../src/postgres/database.js';
import './one-error-class.js';

type PgliteModule = typeof import('../../src/in-process/pglite.js');
type DatabaseModule = typeof import('../../src/postgres/database.js');

/** Imports a module of the build by its path under src. */
export async function built<Module>(path: string): Promise<Module> {
  return (await import(new URL(`../../dist/src/${path}`, import.meta.url).href)) as Module;
}

/** Creates a temporary folder; `close` removes it. */
export async function openFolder(): Promise<{ folder: string; close: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'docstream-contract-'));
  return { folder, close: () => rm(folder, { recursive: true, force: true }) };
}

/** Opens the embedded engine, with the schema, on a temporary folder. */
export async function openEmbeddedDatabase(): Promise<{
  database: Database;
  close: () => Promise<void>;
}> {
  const { startEmbeddedPostgres } = await built<PgliteModule>('in-process/pglite.js');
  const { openDatabase } = await built<DatabaseModule>('postgres/database.js');
  const { folder, close: removeFolder } = await openFolder();
  const engine = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });
  const database = await openDatabase(engine, { holdsVectors: true });
  const close = async () => {
    await database.close();
    await engine.stop();
    await removeFolder();
  };
  return { database, close };
}

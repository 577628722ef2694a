import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export interface EmbeddedPostgres {
  /** The folder of the socket. Drivers accept a folder as a host. */
  host: string;
  port: number;
  user: string;
  password: string;
  dbName: string;
  /** The socket serves one session. */
  poolSize: 1;
  /** Rejects if the engine ends unexpectedly. */
  failed: Promise<never>;
  stop(): Promise<void>;
}

/** Names the socket: PostgreSQL's drivers look for `.s.PGSQL.<port>` in the folder. */
const PORT = 5432;

/**
 * Starts PostgreSQL compiled to WASM, in a thread of its own, so that a long query does not block
 * the API. The engine checks no password, so it listens on a socket in a folder that only this user
 * can enter. The folder is not under DATA_DIR: a socket's path may have at most 107 characters.
 */
export async function startEmbeddedPostgres({
  dataDir,
}: {
  dataDir: string;
}): Promise<EmbeddedPostgres> {
  const host = await createSocketDir(dataDir);
  const worker = new Worker(new URL('./pglite-thread.js', import.meta.url), {
    workerData: { dataDir, socket: join(host, `.s.PGSQL.${PORT}`) },
  });
  let isStopping = false;
  const failed = new Promise<never>((_resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => {
      if (!isStopping) reject(new Error('the embedded database has ended'));
    });
  });
  failed.catch(() => undefined);
  await Promise.race([once(worker, 'message'), failed]);
  return {
    host,
    port: PORT,
    user: 'postgres',
    password: 'postgres',
    dbName: 'postgres',
    poolSize: 1,
    failed,
    stop: () => {
      isStopping = true;
      return stop(worker, host);
    },
  };
}

/**
 * Creates the socket's folder. Its name depends on the data folder only, which this process owns,
 * so that the leftovers of a killed process are removed. If another user has a folder of this name,
 * the removal or the creation fails.
 */
async function createSocketDir(dataDir: string): Promise<string> {
  const name = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), `docstream-${name}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o700 });
  return folder;
}

async function stop(worker: Worker, socketDir: string): Promise<void> {
  // A thread that has ended has the id -1, and emits no further exit event.
  const ended = worker.threadId === -1 ? Promise.resolve() : once(worker, 'exit');
  worker.postMessage('stop');
  await ended;
  await rm(socketDir, { recursive: true, force: true });
}

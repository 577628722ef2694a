import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export interface EmbeddedPostgres {
  /** For a driver that takes a folder as host: the socket is in it. */
  host: string;
  port: number;
  user: string;
  password: string;
  dbName: string;
  /** One session behind one socket. */
  poolSize: 1;
  /** Rejects when the engine ends by itself. */
  failed: Promise<never>;
  stop(): Promise<void>;
}

/** The part of the name that PostgreSQL's drivers add to a socket's folder. */
const PORT = 5432;

/**
 * PostgreSQL compiled to WASM, in a thread of its own, so that a long query does not hold up the
 * API. It listens on a socket in a folder that only this user can enter (the engine asks for no
 * password); not under DATA_DIR, since a socket's path may have 107 characters at most.
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
  let stopping = false;
  const failed = new Promise<never>((_resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => stopping || reject(new Error('the embedded database has ended')));
  });
  failed.catch(() => undefined);
  await Promise.race([once(worker, 'message'), failed]);
  const session = {
    user: 'postgres',
    password: 'postgres',
    dbName: 'postgres',
    poolSize: 1,
  } as const;
  const stopOnce = () => {
    stopping = true;
    return stop(worker, host);
  };
  return { host, port: PORT, ...session, failed, stop: stopOnce };
}

/**
 * The same for the same data folder, whose one owner we are: what a killed process left behind is
 * cleared away. If the name is somebody else's, clearing or making it fails.
 */
async function createSocketDir(dataDir: string): Promise<string> {
  const name = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), `docstream-${name}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o700 });
  return folder;
}

async function stop(worker: Worker, socketDir: string): Promise<void> {
  // A thread that has ended has no number any more, and would never end again.
  const ended = worker.threadId === -1 ? Promise.resolve() : once(worker, 'exit');
  worker.postMessage('stop');
  await ended;
  await rm(socketDir, { recursive: true, force: true });
}

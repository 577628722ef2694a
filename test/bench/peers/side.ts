/**
 * The peer for one benchmark: API and worker processes on the same servers, with a separate
 * database, folder and queue.
 */
import { Queue } from 'bullmq';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { inParallel, type BenchDocument } from '../documents.js';
import { startProcess, type BenchProcess } from '../processes.js';
import { createDatabase, dropDatabase, type Servers } from '../servers.js';
import { QUEUE, toConnection, type DocumentJob } from './schema.js';

export interface PeerSide {
  api: BenchProcess;
  startWorker(concurrency: number): Promise<BenchProcess>;
  /** Queues documents with the files, rows and jobs that the API of the peer would write. */
  queue(documents: readonly BenchDocument[]): Promise<void>;
  query<Row extends object>(sql: string): Promise<Row[]>;
  stop(): Promise<void>;
}

const QUEUE_WIDTH = 16;
const INSERT = `insert into documents (id, user_id, filename, file_size, mime_type, job_id) values ($1, $2, $3, $4, 'text/plain', $1)`;
const JOB_OPTIONS = {
  attempts: 5,
  backoff: { type: 'exponential', delay: 1_000 },
  removeOnComplete: true,
  removeOnFail: 1_000,
};

export async function startPeerSide(servers: Servers): Promise<PeerSide> {
  const databaseUrl = await createDatabase(servers.databaseUrl);
  const folder = join(await mkdtemp(join(tmpdir(), 'docstream-bench-peer-')), 'uploads');
  await mkdir(folder);
  const prefix = `bench-${randomUUID()}`;
  const env = {
    DATABASE_URL: databaseUrl,
    REDIS_URL: servers.redisUrl,
    UPLOAD_DIR: folder,
    QUEUE_PREFIX: prefix,
  };
  const api = await startProcess('test/bench/peers/api.ts', env);
  const processes = [api];
  const pool = new Pool({ connectionString: databaseUrl, max: QUEUE_WIDTH });
  // pool.end() does not wait for its connections, so that the database may be dropped first. An
  // error without a listener would end the benchmark.
  pool.on('error', () => undefined);
  const queue = new Queue<DocumentJob>(QUEUE, {
    connection: toConnection(servers.redisUrl),
    prefix,
  });

  async function queueOne({ userId, filename, content }: BenchDocument): Promise<void> {
    const id = randomUUID();
    await writeFile(join(folder, id), content);
    await pool.query(INSERT, [id, userId, filename, content.length]);
    await queue.add('process', { documentId: id, userId, filename }, { ...JOB_OPTIONS, jobId: id });
  }

  return {
    api,
    startWorker: async (concurrency) => {
      const worker = await startProcess('test/bench/peers/worker.ts', {
        ...env,
        CONCURRENCY: String(concurrency),
      });
      processes.push(worker);
      return worker;
    },
    queue: (documents) => inParallel(documents, QUEUE_WIDTH, queueOne),
    query: async <Row extends object>(sql: string) => (await pool.query<Row>(sql)).rows,
    stop: async () => {
      await Promise.all(processes.map((benchProcess) => benchProcess.stop()));
      await queue.obliterate({ force: true });
      await Promise.all([queue.close(), pool.end()]);
      await dropDatabase(databaseUrl);
      await rm(join(folder, '..'), { recursive: true, force: true });
    },
  };
}

/**
 * The product as a cluster for one benchmark: API, relay and workers of the build, on the real
 * servers.
 */
import { Client } from 'pg';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Readable } from 'node:stream';
import { eventually } from '../support/wait.js';
import { built } from './built.js';
import { inParallel, type BenchDocument } from './documents.js';
import { startProcess, type BenchProcess } from './processes.js';
import { createDatabase, dropDatabase, type Servers } from './servers.js';

export interface ProductSide {
  api: BenchProcess;
  env: Record<string, string>;
  /** Starts a worker whose embedder and vector store respond at once. */
  startInstantWorker(env?: Record<string, string>): Promise<BenchProcess>;
  startWorker(env?: Record<string, string>): Promise<BenchProcess>;
  /** Queues documents with the product's use case, which writes file, row, history and outbox. */
  queue(documents: readonly BenchDocument[]): Promise<void>;
  query<Row extends object>(sql: string): Promise<Row[]>;
  /**
   * Waits until the last status event is in Kafka: a row leaves the outbox after Kafka has
   * acknowledged it. Returns the time in milliseconds of the epoch.
   */
  waitUntilOutboxEmpty(): Promise<number>;
  stop(): Promise<void>;
}

const QUEUE_WIDTH = 16;
const TIMEOUT_MS = 600_000;

export async function startProductSide(
  servers: Servers,
  env: Record<string, string> = {},
): Promise<ProductSide> {
  const databaseUrl = await createDatabase(servers.databaseUrl);
  const dataDir = await mkdtemp(join(tmpdir(), 'docstream-bench-'));
  const variables = {
    ...toVariables(servers),
    DATABASE_URL: databaseUrl,
    DATA_DIR: dataDir,
    BLOB_URL: pathToFileURL(join(dataDir, 'blobs')).href,
    LOG_LEVEL: 'warn',
    ...env,
  };
  const [api, relay] = await Promise.all([
    startProcess('dist/src/main.js', variables),
    startProcess('dist/consumers/relay-outbox.js', variables),
  ]);
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  const processes = [api, relay];
  const start = async (entry: string, overrides: Record<string, string>) => {
    const started = await startProcess(entry, { ...variables, ...overrides });
    processes.push(started);
    return started;
  };
  const query = async <Row extends object>(sql: string) => (await client.query<Row>(sql)).rows;
  const waitUntilOutboxEmpty = async () => {
    const isEmpty = async () => (await query('select 1 from outbox limit 1')).length === 0;
    await eventually(isEmpty, { timeoutMs: TIMEOUT_MS, everyMs: 20, what: 'an empty outbox' });
    return Date.now();
  };
  return {
    api,
    env: variables,
    query,
    waitUntilOutboxEmpty,
    startInstantWorker: (overrides = {}) => start('test/bench/instant-worker.ts', overrides),
    startWorker: (overrides = {}) => start('dist/consumers/vectorize-documents.js', overrides),
    queue: async (documents) => {
      await queueDocuments({ databaseUrl, folder: join(dataDir, 'blobs'), documents });
      await waitUntilOutboxEmpty();
    },
    stop: async () => {
      await Promise.all(processes.map((benchProcess) => benchProcess.stop()));
      await client.end();
      await dropDatabase(databaseUrl);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function toVariables(servers: Servers): Record<string, string> {
  return {
    KAFKA_BROKERS: servers.kafkaBrokers,
    REDIS_URL: servers.redisUrl,
    WEAVIATE_URL: servers.weaviateUrl,
    COHERE_API_KEY: 'stand-in-key',
    COHERE_BASE_URL: servers.cohereUrl,
    COHERE_INPUTS_PER_MINUTE: '10000000',
  };
}

interface Queueing {
  databaseUrl: string;
  folder: string;
  documents: readonly BenchDocument[];
}

async function queueDocuments({ databaseUrl, folder, documents }: Queueing): Promise<void> {
  const { createFolderBlobStore } =
    await built<typeof import('../../src/blobs/folder.js')>('blobs/folder');
  const { createUploadDocument } = await built<
    typeof import('../../src/documents/upload-document.js')
  >('documents/upload-document');
  const { createFormatDetector } = await built<
    typeof import('../../src/extraction/format-detector.js')
  >('extraction/format-detector');
  const { openDatabase } =
    await built<typeof import('../../src/postgres/database.js')>('postgres/database');
  const { createDocumentStore } =
    await built<typeof import('../../src/postgres/document-store.js')>('postgres/document-store');
  const database = await openDatabase(
    { url: databaseUrl, poolSize: QUEUE_WIDTH },
    { holdsVectors: false },
  );
  const blobs = await createFolderBlobStore({ folder, shared: true });
  const uploadDocument = createUploadDocument({
    store: createDocumentStore({ database, maxAttempts: 5 }),
    blobs,
    formats: createFormatDetector(),
    notifyCommitted: () => undefined,
    maxUploadBytes: 1024 ** 2,
  });
  await inParallel(documents, QUEUE_WIDTH, ({ userId, filename, content }) =>
    uploadDocument(
      { id: userId, email: null, isAdmin: false, expiresAt: null },
      {
        filename,
        content: Readable.from([content], { objectMode: false }),
        options: () => ({ force: true }),
      },
    ),
  );
  await blobs.stop();
  await database.close();
}

/**
 * Opens what stands behind each port: the embedded part, or the real one that its variable switches
 * on.
 */
import { join } from 'node:path';
import { createBlobStore } from '../blobs/create-blob-store.js';
import { createFolderBlobStore, type FolderBlobStore } from '../blobs/folder.js';
import type { ManagedBlobStore } from '../blobs/managed-blob-store.js';
import { createCohereEmbedder } from '../cohere/embedder.js';
import { createCohereReranker } from '../cohere/reranker.js';
import type { Config } from '../config.js';
import { createDeferredDemand, type DeferredDemand } from '../documents/demand.js';
import type {
  BlobStore,
  Demand,
  DocumentStore,
  Embedder,
  Identity,
  Reranker,
  StatusBus,
  VectorStore,
} from '../documents/ports.js';
import { lockDataDir } from '../in-process/data-dir-lock.js';
import { createLocalEmbedder } from '../in-process/embedder.js';
import { createDevIdentity } from '../in-process/dev-identity.js';
import { startEmbeddedPostgres } from '../in-process/pglite.js';
import { createStatusBus } from '../in-process/status-bus.js';
import { ProcessingFailure, SetupError } from '../errors.js';
import { createFirebaseIdentity } from '../firebase/identity.js';
import { createEmbeddingMetrics, type EmbeddingMetrics } from '../metrics/embedding.js';
import type { Metrics } from '../metrics/metrics.js';
import { measureStore } from '../metrics/store.js';
import { measureVectors } from '../metrics/vectors.js';
import { openDatabase, type Database } from '../postgres/database.js';
import { createDocumentStore } from '../postgres/document-store.js';
import { createVectorStore } from '../postgres/vectors.js';
import { createRedisStatusBus } from '../redis/status-bus.js';
import { createSharedTokenBucket } from '../redis/shared-token-bucket.js';
import { createLocalTokenBucket, type TokenBucket } from '../rate-limit/token-bucket.js';
import type { Logger } from '../runtime/logger.js';
import type { ResourceStack } from '../runtime/resource-stack.js';
import { createWeaviateVectorStore } from '../weaviate/vectors.js';
import type { Readiness } from './readiness.js';
import { shareBlobs } from './share-blobs.js';

export interface AppContext {
  config: Config;
  logger: Logger;
  resources: ResourceStack;
  readiness: Readiness;
  metrics: Metrics;
  /** Called when a part that cannot be replaced has ended. */
  onFatal: (error: unknown) => void;
}

export interface Adapters {
  database: Database;
  store: DocumentStore;
  blobs: BlobStore;
  embedder: Embedder;
  vectors: VectorStore;
  bus: StatusBus;
  identity: Identity;
  /** The worker connects to it when it starts; the embedder reads it. */
  demand: DeferredDemand;
}

/** Shorter than a lease: a call that hangs must not outlive the right to write. */
const CALL_TIMEOUT_SHARE = 0.5;

/**
 * `marksBlobs`: whether this process may name the installation in a blob store that bears no name
 * yet.
 */
export async function openAdapters(
  context: AppContext,
  { marksBlobs = false }: { marksBlobs?: boolean } = {},
): Promise<Adapters> {
  const { config, metrics } = context;
  const database = await openDatabasePart(context);
  const store = measureStore(
    metrics.registry,
    createDocumentStore({ database, maxAttempts: config.maxAttempts }),
  );
  const bus = await openBus(context);
  const demand = createDeferredDemand();
  const embedder = await openEmbedder(context, demand);
  const vectors = measureVectors(metrics.registry, await openVectors(context, database, embedder));
  const identity = createIdentity(config);
  const opened = await openBlobs(context, store);
  if (!config.kafka)
    return { database, store, bus, embedder, vectors, blobs: opened, identity, demand };
  return {
    database,
    bus,
    embedder,
    vectors,
    identity,
    demand,
    ...(await shareBlobs(context, { database, store, blobs: opened, marksBlobs })),
  };
}

/**
 * A rebuild touches all rows in one statement, so it opens the database with `unlimited`
 * statements.
 */
export async function openDatabasePart(
  context: AppContext,
  { unlimited = false } = {},
): Promise<Database> {
  const { config, resources, readiness } = context;
  const holdsVectors = config.weaviate === null;
  const { database: address } = config;
  const database = address
    ? await readiness.open('postgres', () => openServer(address, { holdsVectors, unlimited }))
    : await openDatabase(await startEngine(context), { holdsVectors });
  resources.push('database', () => database.close());
  readiness.add({
    name: address ? 'postgres' : 'database',
    check: () => database.query('select 1'),
  });
  return database;
}

function openServer(
  { statementTimeoutMs, ...address }: NonNullable<Config['database']>,
  { holdsVectors, unlimited }: { holdsVectors: boolean; unlimited: boolean },
): Promise<Database> {
  return openDatabase(address, { holdsVectors, ...(!unlimited && { statementTimeoutMs }) });
}

/** The folder has one owner where the database is in it. */
async function startEngine({
  config,
  logger,
  resources,
  onFatal,
}: AppContext): ReturnType<typeof startEmbeddedPostgres> {
  const onWait = ({ pid }: { pid: number }) =>
    logger.info({ pid }, `waiting for process ${pid}, which is stopping and owns DATA_DIR`);
  const lock = await lockDataDir(config.dataDir, { onWait });
  resources.push('data folder', () => lock.release());
  resources.onClosing((deadlineMs) => lock.announceStop(deadlineMs));
  const engine = await startEmbeddedPostgres({ dataDir: join(config.dataDir, 'postgres') });
  resources.push('database engine', () => engine.stop());
  engine.failed.catch(onFatal);
  return engine;
}

async function openBus({ config, logger, resources, readiness }: AppContext): Promise<StatusBus> {
  const { redis } = config;
  if (!redis) return createStatusBus();
  const bus = await createRedisStatusBus({ url: redis.url, logger });
  resources.push('status bus', () => bus.stop());
  await readiness.open('redis', () => bus.check());
  readiness.add({ name: 'redis', check: () => bus.check() });
  return bus;
}

async function openEmbedder(context: AppContext, demand: Demand): Promise<Embedder> {
  const { config, resources, metrics } = context;
  const embedding = createEmbeddingMetrics(metrics.registry);
  const embedder = config.cohere
    ? await openCohere(context, config.cohere, demand, embedding)
    : embedding.measureEmbedder(createLocalEmbedder({ threads: config.embedderThreads }));
  resources.push('embedder', () => embedder.stop());
  return embedder;
}

async function openCohere(
  context: AppContext,
  cohere: NonNullable<Config['cohere']>,
  demand: Demand,
  { measureBucket, onCall, onRateLimited }: EmbeddingMetrics,
): Promise<Embedder> {
  const { config, resources, readiness } = context;
  const bucket = measureBucket(openBucket(context, cohere.inputsPerMinute));
  resources.push('token bucket', () => bucket.stop());
  const timeoutMs = config.leaseMs * CALL_TIMEOUT_SHARE;
  const embedder = await createCohereEmbedder({
    ...cohere,
    bucket,
    timeoutMs,
    demand,
    onCall,
    onRateLimited,
  });
  await readiness.open('cohere', () => embedder.check().catch(failForGood));
  readiness.add({ name: 'cohere', check: () => embedder.check() });
  return embedder;
}

/** Null: the vector store's order holds. */
export function createReranker({ cohere }: Config): Reranker | null {
  if (!cohere?.rerankModel) return null;
  const { apiKey, baseUrl, rerankModel: model } = cohere;
  return createCohereReranker({ apiKey, baseUrl, model });
}

/** One limit for all processes: shared where Redis is. */
function openBucket({ config, logger }: AppContext, perMinute: number): TokenBucket {
  const { redis } = config;
  return redis
    ? createSharedTokenBucket({ url: redis.url, name: 'cohere', perMinute, logger })
    : createLocalTokenBucket({ perMinute });
}

/** A key or a model that Cohere refuses is refused tomorrow as well. */
function failForGood(error: unknown): never {
  const refusal = error instanceof Error ? error.cause : undefined;
  if (refusal instanceof ProcessingFailure && !refusal.retryable)
    throw new SetupError(refusal.message, { cause: error });
  throw error;
}

async function openVectors(
  context: AppContext,
  database: Database,
  embedder: Embedder,
): Promise<VectorStore> {
  const { config, logger, resources, readiness } = context;
  const { weaviate } = config;
  const { model, dimensions } = embedder;
  if (!weaviate) return createVectorStore({ database, model, dimensions });
  const timeoutMs = config.leaseMs * CALL_TIMEOUT_SHARE;
  const vectors = await readiness.open('weaviate', () =>
    createWeaviateVectorStore({ ...weaviate, model, dimensions, timeoutMs, logger }),
  );
  resources.push('vector store', () => vectors.stop());
  readiness.add({ name: 'weaviate', check: () => vectors.check() });
  return vectors;
}

async function openBlobs(
  { config, resources, readiness }: AppContext,
  store: DocumentStore,
): Promise<ManagedBlobStore> {
  const { blobUrl } = config;
  const blobs =
    blobUrl === null ? await openOwnFolder(config, store) : await createBlobStore(blobUrl);
  resources.push('blob store', () => blobs.stop());
  await readiness.open('blobs', () => blobs.check());
  readiness.add({ name: 'blobs', check: () => blobs.check() });
  return blobs;
}

async function openOwnFolder(config: Config, store: DocumentStore): Promise<FolderBlobStore> {
  const blobs = await createFolderBlobStore({
    folder: join(config.dataDir, 'blobs'),
    shared: config.database !== null,
  });
  // Where the folder is ours alone, none of these files is on its way to a row: they are of a
  // process that ended between the two.
  if (config.database === null) {
    const unknown = await store.findOrphanedBlobs(await blobs.keys());
    await Promise.all(unknown.map((key) => blobs.remove(key)));
  }
  return blobs;
}

function createIdentity({ firebase, devAdmins }: Config): Identity {
  return firebase ? createFirebaseIdentity(firebase) : createDevIdentity({ admins: devAdmins });
}

/** One row a part, for the table at start. No password of an address is shown. */
export function describeAdapters(
  config: Config,
  parts: Pick<Adapters, 'embedder'> | null,
): { part: string; adapter: string; address: string }[] {
  const { dataDir, database, kafka, redis, weaviate, cohere, firebase, blobUrl } = config;
  const row = (part: string, adapter: string, address: string) => ({ part, adapter, address });
  return [
    database
      ? row('Database', 'PostgreSQL', shown(database.url))
      : row('Database', 'PGlite (PostgreSQL in WASM)', join(dataDir, 'postgres')),
    kafka
      ? row('Event log', 'Apache Kafka', kafka.brokers.join(', '))
      : row('Event log', 'in-process delivery', 'this process'),
    redis
      ? row('Status bus', 'Redis', shown(redis.url))
      : row('Status bus', 'in-process', 'this process'),
    weaviate
      ? row('Vector store', 'Weaviate', shown(weaviate.url))
      : row(
          'Vector store',
          'pgvector in the database',
          `${parts?.embedder.dimensions ?? 0} dimensions`,
        ),
    row(
      'Embedder',
      parts?.embedder.model ?? (cohere ? cohere.model : 'shipped'),
      cohere ? shown(cohere.baseUrl) : 'worker threads',
    ),
    firebase
      ? row('Identity', 'Firebase', firebase.projectId)
      : row('Identity', 'tokens dev:<user>', 'loopback only'),
    blobUrl === null
      ? row('Blob store', 'folder', join(dataDir, 'blobs'))
      : row('Blob store', new URL(blobUrl).protocol.slice(0, -1), shown(blobUrl)),
  ];
}

function shown(address: string): string {
  const url = new URL(address);
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/**
 * Chooses and opens the adapter of each port: the one of an external server if its variable is set,
 * otherwise the in-process one. The adapters of servers are loaded when they are chosen, because
 * their libraries take most of the time of a start.
 */
import { join } from 'node:path';
import { createBlobStore } from '../blobs/create-blob-store.js';
import { createFolderBlobStore, type FolderBlobStore } from '../blobs/folder.js';
import type { ManagedBlobStore } from '../blobs/managed-blob-store.js';
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
import { createEmbeddingMetrics, type EmbeddingMetrics } from '../metrics/embedding.js';
import { measureStore } from '../metrics/store.js';
import { measureVectors } from '../metrics/vectors.js';
import { openDatabase, type Database } from '../postgres/database.js';
import { createDocumentStore } from '../postgres/document-store.js';
import { createVectorStore } from '../postgres/vectors.js';
import { createLocalTokenBucket, type TokenBucket } from '../rate-limit/token-bucket.js';
import type { AppContext } from './app-context.js';
import { shareBlobs } from './share-blobs.js';

export interface Adapters {
  database: Database;
  store: DocumentStore;
  blobs: BlobStore;
  embedder: Embedder;
  vectors: VectorStore;
  bus: StatusBus;
  identity: Identity;
  /** The worker connects its demand when it starts; the embedder reads it. */
  demand: DeferredDemand;
}

/** Share of a lease. A call that hangs must not outlive the right to write its result. */
const CALL_TIMEOUT_SHARE = 0.5;

/**
 * Opens all adapters and pushes them on the resource stack. With `marksBlobs` this process may
 * write the marker of this installation to a blob store that has none yet.
 */
export async function openAdapters(
  context: AppContext,
  { marksBlobs = false }: { marksBlobs?: boolean } = {},
): Promise<Adapters> {
  const { config, metrics } = context;
  const database = await openDatabaseAdapter(context);
  const store = measureStore(
    metrics.registry,
    createDocumentStore({ database, maxAttempts: config.maxAttempts }),
  );
  const bus = await openBus(context);
  const demand = createDeferredDemand();
  const embedder = await openEmbedder(context, demand);
  const vectors = measureVectors(metrics.registry, await openVectors(context, database, embedder));
  const identity = await createIdentity(config);
  const ownBlobs = await openBlobs(context, store);
  const adapters = { database, store, bus, embedder, vectors, identity, demand, blobs: ownBlobs };
  if (!config.kafka) return adapters;
  const shared = await shareBlobs(context, { database, store, blobs: ownBlobs, marksBlobs });
  return { ...adapters, ...shared };
}

/**
 * Opens the database. `unlimited` switches the statement timeout off, for a rebuild, which changes
 * all rows in one statement.
 */
export async function openDatabaseAdapter(
  context: AppContext,
  { unlimited = false } = {},
): Promise<Database> {
  const { config, resources, readiness } = context;
  const holdsVectors = config.weaviate === null;
  const { database: address } = config;
  const database = address
    ? await readiness.open('postgres', () => openPostgres(address, { holdsVectors, unlimited }))
    : await openDatabase(await startEmbeddedEngine(context), { holdsVectors });
  resources.push('database', () => database.close());
  readiness.add({
    name: address ? 'postgres' : 'database',
    check: () => database.query('select 1'),
  });
  return database;
}

function openPostgres(
  { statementTimeoutMs, ...address }: NonNullable<Config['database']>,
  { holdsVectors, unlimited }: { holdsVectors: boolean; unlimited: boolean },
): Promise<Database> {
  return openDatabase(address, { holdsVectors, ...(!unlimited && { statementTimeoutMs }) });
}

/** Locks the data folder for this process, because the embedded database is in it. */
async function startEmbeddedEngine({
  config,
  logger,
  resources,
  onFatal,
}: AppContext): ReturnType<typeof startEmbeddedPostgres> {
  const onWait = ({ pid }: { pid: number }) =>
    logger.info({ ownerPid: pid }, 'waiting for the stopping owner of DATA_DIR to exit');
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
  const { createRedisStatusBus } = await import('../redis/status-bus.js');
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
    ? await openCohereEmbedder(context, config.cohere, { demand, embedding })
    : embedding.measureEmbedder(createLocalEmbedder({ threads: config.embedderThreads }));
  resources.push('embedder', () => embedder.stop());
  return embedder;
}

async function openCohereEmbedder(
  context: AppContext,
  cohere: NonNullable<Config['cohere']>,
  {
    demand,
    embedding: { measureBucket, onCall, onRateLimited },
  }: { demand: Demand; embedding: EmbeddingMetrics },
): Promise<Embedder> {
  const { config, resources, readiness } = context;
  const bucket = measureBucket(await openTokenBucket(context, cohere.inputsPerMinute));
  resources.push('token bucket', () => bucket.stop());
  const timeoutMs = config.leaseMs * CALL_TIMEOUT_SHARE;
  const { createCohereEmbedder } = await import('../cohere/embedder.js');
  const embedder = await createCohereEmbedder({
    ...cohere,
    bucket,
    timeoutMs,
    demand,
    onCall,
    onRateLimited,
  });
  await readiness.open('cohere', () => embedder.check().catch(failIfPermanent));
  readiness.add({ name: 'cohere', check: () => embedder.check() });
  return embedder;
}

/** Returns null if no model is set: the order of the vector store then stays. */
export async function createReranker({ cohere }: Config): Promise<Reranker | null> {
  if (!cohere?.rerankModel) return null;
  const { createCohereReranker } = await import('../cohere/reranker.js');
  const { apiKey, baseUrl, rerankModel: model } = cohere;
  return createCohereReranker({ apiKey, baseUrl, model });
}

/** Opens the rate limit of all processes, which is shared through Redis if there is one. */
async function openTokenBucket(
  { config, logger }: AppContext,
  perMinute: number,
): Promise<TokenBucket> {
  const { redis } = config;
  if (!redis) return createLocalTokenBucket({ perMinute });
  const { createSharedTokenBucket } = await import('../redis/shared-token-bucket.js');
  return createSharedTokenBucket({ url: redis.url, name: 'cohere', perMinute, logger });
}

/** Throws a SetupError if Cohere rejected the key or the model, since waiting does not help. */
function failIfPermanent(error: unknown): never {
  const rejection = error instanceof Error ? error.cause : undefined;
  if (rejection instanceof ProcessingFailure && !rejection.retryable)
    throw new SetupError(rejection.message, { cause: error });
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
  const { createWeaviateVectorStore } = await import('../weaviate/vectors.js');
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
    blobUrl === null ? await openOwnBlobFolder(config, store) : await createBlobStore(blobUrl);
  resources.push('blob store', () => blobs.stop());
  await readiness.open('blobs', () => blobs.check());
  readiness.add({ name: 'blobs', check: () => blobs.check() });
  return blobs;
}

async function openOwnBlobFolder(config: Config, store: DocumentStore): Promise<FolderBlobStore> {
  const blobs = await createFolderBlobStore({
    folder: join(config.dataDir, 'blobs'),
    shared: config.database !== null,
  });
  // With the embedded database no other process uses the folder, so no row is about to refer to an
  // orphaned blob. A process left it when it ended between the write of the blob and that of the
  // row.
  if (config.database === null) {
    const orphaned = await store.findOrphanedBlobs(await blobs.keys());
    await Promise.all(orphaned.map((key) => blobs.remove(key)));
  }
  return blobs;
}

async function createIdentity({ firebase, devAdmins }: Config): Promise<Identity> {
  if (!firebase) return createDevIdentity({ admins: devAdmins });
  const { createFirebaseIdentity } = await import('../firebase/identity.js');
  return createFirebaseIdentity(firebase);
}

/**
 * The composition root: opens every part, puts the use cases on top and the doors in front, and pushes whatever it opens on the stack
 * that closes it. Nothing else in the product knows which adapter stands behind a port.
 */
import { join } from 'node:path';
import { createFolderBlobStore, type FolderBlobStore } from './blobs/folder.js';
import { projectDir, isLoopback, type Config } from './config.js';
import { createAnnounce, type Announce } from './documents/announce.js';
import { createBackgroundTask } from './documents/background.js';
import { createDeleteDocument } from './documents/delete-document.js';
import { createLeaseKeeper } from './documents/lease-keeper.js';
import type { StatusEvent } from './documents/document.js';
import type { DocumentStore, Embedder, Identity, StatusBus, VectorStore } from './documents/ports.js';
import { createProcessDocument } from './documents/process-document.js';
import { createRelayOutbox } from './documents/relay-outbox.js';
import { createRunCleanups } from './documents/run-cleanups.js';
import { createSearchDocuments } from './documents/search-documents.js';
import { createUploadDocument } from './documents/upload-document.js';
import { createWorker } from './documents/worker.js';
import { claimDataDir } from './embedded/data-dir.js';
import { createEncoder } from './embedded/encoder.js';
import { createEventLog, type EmbeddedEventLog } from './embedded/event-log.js';
import { createDevIdentity } from './embedded/identity.js';
import { startEmbeddedPostgres } from './embedded/pglite.js';
import { createStatusBus } from './embedded/status-bus.js';
import { createVacuum } from './embedded/vacuum.js';
import { createExtractor } from './extraction/extractor.js';
import { createFormatDetector } from './extraction/formats.js';
import type { Services } from './graphql/context.js';
import { createToClientError } from './graphql/errors.js';
import { createHttpDoor } from './graphql/http-door.js';
import { MAX_REQUEST_BYTES } from './graphql/limits.js';
import { createSchema } from './graphql/schema.js';
import { serveGraphqlWebSocket } from './graphql/websocket-door.js';
import { createGuards } from './http/guards.js';
import { createHealthRouter } from './http/health.js';
import { createPageRouter } from './http/page.js';
import { servePlainWebSocket } from './http/plain-websocket.js';
import { createRestRouter } from './http/rest.js';
import { createHttpServer, createWebSocketServer } from './http/server.js';
import { TOPICS } from './messages/topics.js';
import { openDatabase, type Database } from './postgres/database.js';
import { createDocumentStore } from './postgres/documents.js';
import { createOutbox } from './postgres/outbox.js';
import { createVectorStore } from './postgres/vectors.js';
import type { Logger } from './runtime/logger.js';
import type { ResourceStack } from './runtime/resource-stack.js';
import { createStatusHub, type StatusHub } from './status/hub.js';

interface Surroundings {
  config: Config;
  logger: Logger;
  resources: ResourceStack;
  /** Called when a part that cannot be replaced has ended. */
  onFatal: (error: unknown) => void;
}

export interface App {
  port: number;
  /** What stands behind each port, for the table at start. */
  parts: { part: string; adapter: string; address: string }[];
}

interface Adapters {
  database: Database;
  store: DocumentStore;
  blobs: FolderBlobStore;
  embedder: Embedder;
  vectors: VectorStore;
  bus: StatusBus;
  log: EmbeddedEventLog;
  identity: Identity;
}

const RELAY_TICK_MS = 1_000;
const CLEANUP_TICK_MS = 5_000;
const VACUUM_TICK_MS = 60_000;
/** Of the deadline for stopping, what open requests and what running documents may use; the rest closes the other parts. */
const REQUESTS_SHARE = 0.25;
const DRAIN_SHARE = 0.6;

export async function startApp(surroundings: Surroundings): Promise<App> {
  const { config } = surroundings;
  const adapters = await openAdapters(surroundings);
  await adapters.store.takeBackLeases({ all: true });
  await removeUnknownBlobs(adapters);
  const announce = startPipeline(surroundings, adapters);
  const port = await openDoors(surroundings, adapters, announce);
  return { port, parts: describeParts(config, adapters) };
}

async function openAdapters({ config, resources, onFatal }: Surroundings): Promise<Adapters> {
  const release = await claimDataDir(config.dataDir);
  resources.push('data folder', release);
  const embedder = createEncoder({ threads: config.embedderThreads });
  resources.push('embedder', () => embedder.stop());
  const engine = await startEmbeddedPostgres({ dataDir: join(config.dataDir, 'postgres') });
  resources.push('database engine', () => engine.stop());
  engine.failed.catch(onFatal);
  const database = await openDatabase(engine);
  resources.push('database', () => database.close());
  return {
    database,
    store: createDocumentStore({ database, maxAttempts: config.maxAttempts }),
    blobs: await createFolderBlobStore({ folder: join(config.dataDir, 'blobs') }),
    embedder,
    vectors: await createVectorStore({ database, model: embedder.model, dimensions: embedder.dimensions }),
    bus: createStatusBus(),
    log: createEventLog(),
    identity: createDevIdentity({ admins: config.devAdmins }),
  };
}

/** Files of a process that ended between the file and the row. Nobody else writes here, so none of them is on its way to a row. */
async function removeUnknownBlobs({ store, blobs }: Adapters): Promise<void> {
  const unknown = await store.unknownBlobKeys(await blobs.keys());
  await Promise.all(unknown.map((key) => blobs.remove(key)));
}

/** From the queue to the vectors. */
function startPipeline({ config, logger: log, resources }: Surroundings, adapters: Adapters): Announce {
  const { store, blobs, embedder, vectors, bus } = adapters;
  const extractor = createExtractor({ ...config.extraction, workDir: join(config.dataDir, 'work') });
  resources.push('extractor', () => extractor.stop());

  const relay = createBackgroundTask({
    ...{ name: 'relay', tickMs: RELAY_TICK_MS, log },
    run: createRelayOutbox({ outbox: createOutbox(adapters), log: adapters.log }),
  });
  const cleanups = createBackgroundTask({
    ...{ name: 'cleanups', tickMs: CLEANUP_TICK_MS, log },
    run: createRunCleanups({ store, vectors, blobs, log }),
  });
  const vacuum = createBackgroundTask({ name: 'vacuum', tickMs: VACUUM_TICK_MS, log, run: createVacuum(adapters.database.query) });
  const announce = createAnnounce([
    (event) => logChange(log, event),
    (event) => bus.publish(event),
    (event) => event.kind === 'CHANGE' && relay.wake(),
    (event) => event.status === 'DELETING' && cleanups.wake(),
  ]);
  const leases = createLeaseKeeper({ store, announce, leaseMs: config.leaseMs, log });
  const reaper = createBackgroundTask({
    ...{ name: 'leases', tickMs: config.leaseMs / 3, log },
    run: async () => {
      announce(await store.takeBackLeases({ all: false }));
      return false;
    },
  });
  const worker = createWorker({
    ...{ store, leases, announce, log, leaseMs: config.leaseMs, retryDelaysMs: config.retryDelaysMs },
    process: createProcessDocument({ blobs, extractor, embedder, vectors, maxChunks: config.maxChunks }),
    concurrency: config.workerConcurrency,
    maxRunningPerUser: config.maxRunningPerUser,
  });
  adapters.log.onRecord(TOPICS.jobs, () => worker.wake());

  for (const [name, task] of Object.entries({ relay, cleanups, leases: reaper, vacuum })) {
    task.start();
    resources.push(name, () => task.stop());
  }
  leases.start();
  resources.push('lease keeper', () => leases.stop());
  worker.start();
  resources.push('worker', () => worker.stop(config.shutdownDeadlineMs * DRAIN_SHARE));
  return announce;
}

function logChange(log: Logger, event: StatusEvent): void {
  if (event.kind !== 'CHANGE') return;
  const { documentId, seq, generation, attempt, status, previousStatus, error } = event;
  log.info({ documentId, seq, generation, attempt, status, previousStatus, ...(error && { code: error.code }) }, 'document changed');
}

/** GraphQL, REST, WebSockets, the page and health, behind one port. */
async function openDoors({ config, logger, resources }: Surroundings, adapters: Adapters, announce: Announce): Promise<number> {
  const { store, bus, identity, blobs } = adapters;
  const hub = createStatusHub({ bus, store, log: logger });
  hub.start();
  const services = createServices(config, adapters, announce, hub);
  const graphql = { schema: await createSchema(), services, identity, toClientError: createToClientError(logger) };
  const httpDoor = await createHttpDoor(graphql);
  const graphqlSockets = createWebSocketServer({ maxMessageBytes: MAX_REQUEST_BYTES });
  serveGraphqlWebSocket(graphqlSockets, graphql);
  const plainSockets = createWebSocketServer({ maxMessageBytes: MAX_REQUEST_BYTES });
  plainSockets.on('connection', (socket) => servePlainWebSocket(socket, { identity, hub, logger }));

  const parts = [{ name: 'database', check: () => adapters.database.query('select 1') }];
  const page = {
    identity: { kind: 'dev' as const },
    limits: { maxUploadBytes: config.maxUploadBytes, mimeTypes: services.formats.mimeTypes },
  };
  const server = createHttpServer({
    logger,
    guards: createGuards({ loopbackOnly: isLoopback(config.host), corsOrigins: config.corsOrigins }),
    corsOrigins: config.corsOrigins,
    routers: [
      { path: '/', router: createHealthRouter({ parts, operationsToken: config.operationsToken }) },
      { path: '/graphql', router: httpDoor.router },
      { path: '/api/documents', router: createRestRouter({ identity, store, blobs, uploadDocument: services.uploadDocument }) },
      { path: '/', router: createPageRouter({ folder: join(projectDir, 'dist', 'web'), config: page }) },
    ],
    webSockets: new Map([
      ['/graphql', graphqlSockets],
      ['/ws', plainSockets],
    ]),
  });
  const port = await server.listen(config.port, config.host);
  resources.push('graphql', () => httpDoor.stop());
  resources.push('http', () => server.stop(config.shutdownDeadlineMs * REQUESTS_SHARE));
  resources.push('status hub', () => hub.stop());
  return port;
}

function createServices(config: Config, { store, blobs, embedder, vectors }: Adapters, announce: Announce, hub: StatusHub): Services {
  const { maxUploadBytes } = config;
  const formats = createFormatDetector();
  return {
    store,
    hub,
    formats,
    maxUploadBytes,
    uploadDocument: createUploadDocument({ store, blobs, formats, announce, maxUploadBytes }),
    deleteDocument: createDeleteDocument({ store, announce }),
    searchDocuments: createSearchDocuments({ store, embedder, vectors }),
  };
}

function describeParts({ dataDir }: Config, { embedder }: Adapters): App['parts'] {
  return [
    { part: 'Database', adapter: 'PGlite (PostgreSQL in WASM)', address: join(dataDir, 'postgres') },
    { part: 'Event log', adapter: 'in-process delivery', address: 'this process' },
    { part: 'Status bus', adapter: 'in-process', address: 'this process' },
    { part: 'Vector store', adapter: 'pgvector in the database', address: `${String(embedder.dimensions)} dimensions` },
    { part: 'Embedder', adapter: embedder.model, address: 'worker threads' },
    { part: 'Identity', adapter: 'tokens dev:<user>', address: 'loopback only' },
    { part: 'Blob store', adapter: 'folder', address: join(dataDir, 'blobs') },
  ];
}

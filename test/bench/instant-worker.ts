/**
 * The product's worker process with an embedder and a vector store that respond at once, or after
 * BENCH_EMBEDDER_LATENCY_MS, so that a benchmark measures the product alone. The queue, the leases,
 * the readers and the status writes are those of the build.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { built } from './built.js';
import type { Embedder, VectorStore } from '../../src/documents/ports.js';
import type { AppContext } from '../../src/app/app-context.js';
import type { Adapters } from '../../src/app/open-adapters.js';

const DIMENSIONS = 16;
const latencyMs = Number(process.env['BENCH_EMBEDDER_LATENCY_MS'] ?? 0);

const vector = new Float32Array(DIMENSIONS).fill(1 / Math.sqrt(DIMENSIONS));

const embedder: Embedder = {
  model: 'instant',
  dimensions: DIMENSIONS,
  maxTexts: 96,
  embed: async (texts) => {
    if (latencyMs > 0) await sleep(latencyMs);
    return texts.map(() => vector);
  },
  stop: () => Promise.resolve(),
};

/** The number of vectors of each document, which the product checks before COMPLETED. */
const counts = new Map<string, number>();

const vectors: VectorStore = {
  store: async (_userId, objects) => {
    const [first] = objects;
    if (first) counts.set(first.documentId, (counts.get(first.documentId) ?? 0) + objects.length);
  },
  count: (_userId, documentId) => Promise.resolve(counts.get(documentId) ?? 0),
  trim: () => Promise.resolve(),
  remove: () => Promise.resolve(),
  search: () => Promise.resolve([]),
};

const { startWorkerOn } = await built<typeof import('../../src/app/cluster.js')>('app/cluster');
const { openHttpListener } =
  await built<typeof import('../../src/app/open-http-listener.js')>('app/open-http-listener');
const { openDatabaseAdapter } =
  await built<typeof import('../../src/app/open-adapters.js')>('app/open-adapters');
const { createReadiness } =
  await built<typeof import('../../src/app/readiness.js')>('app/readiness');
const { createFolderBlobStore } =
  await built<typeof import('../../src/blobs/folder.js')>('blobs/folder');
const { loadConfig } = await built<typeof import('../../src/config.js')>('config');
const { createDevIdentity } =
  await built<typeof import('../../src/in-process/dev-identity.js')>('in-process/dev-identity');
const { createMetrics } =
  await built<typeof import('../../src/metrics/metrics.js')>('metrics/metrics');
const { measureStore } = await built<typeof import('../../src/metrics/store.js')>('metrics/store');
const { createDocumentStore } =
  await built<typeof import('../../src/postgres/document-store.js')>('postgres/document-store');
const { createRedisStatusBus } =
  await built<typeof import('../../src/redis/status-bus.js')>('redis/status-bus');
const { createLogger } =
  await built<typeof import('../../src/runtime/pino-logger.js')>('runtime/pino-logger');
const { createResourceStack } =
  await built<typeof import('../../src/runtime/resource-stack.js')>('runtime/resource-stack');

const config = loadConfig();
const logger = createLogger({ level: config.logLevel, forTerminal: false });
const resources = createResourceStack(logger);
const context: AppContext = {
  config,
  logger,
  resources,
  readiness: createReadiness({ logger }),
  metrics: createMetrics({ role: 'worker' }),
  onFatal: (error) => {
    throw error;
  },
};
process.once(
  'SIGTERM',
  () => void resources.close(config.shutdownDeadlineMs).then(() => process.exit(0)),
);
await openHttpListener(context);
await startWorkerOn(context, await openInstantAdapters());
context.readiness.started();

async function openInstantAdapters(): Promise<Adapters> {
  const database = await openDatabaseAdapter(context);
  const bus = await createRedisStatusBus({ url: config.redis?.url ?? '', logger });
  resources.push('status bus', () => bus.stop());
  return {
    database,
    bus,
    embedder,
    vectors,
    store: measureStore(
      context.metrics.registry,
      createDocumentStore({ database, maxAttempts: config.maxAttempts }),
    ),
    blobs: await createFolderBlobStore({ folder: join(config.dataDir, 'blobs') }),
    identity: createDevIdentity({ admins: [] }),
    demand: { pendingDocuments: () => 0, connect: () => undefined },
  };
}

/**
 * The port of a process: health and metrics from the first moment, and, in the API process,
 * GraphQL, REST, WebSockets and the page once its parts are open.
 */
import { join } from 'node:path';
import { projectDir, type Config } from '../config.js';
import type { NotifyCommitted } from '../documents/commit-notifier.js';
import { createDeleteDocument } from '../documents/delete-document.js';
import { createSearchDocuments } from '../documents/search-documents.js';
import { createUploadDocument } from '../documents/upload-document.js';
import { createFormatDetector } from '../extraction/formats.js';
import type { Services } from '../api/graphql/context.js';
import { createToClientError } from '../api/graphql/errors.js';
import { createHttpEndpoint } from '../api/graphql/http-endpoint.js';
import { MAX_REQUEST_BYTES } from '../api/graphql/limits.js';
import { createSchema } from '../api/graphql/schema.js';
import { serveGraphqlWebSocket } from '../api/graphql/websocket-endpoint.js';
import { createGuards } from '../api/http/request-guards.js';
import { createHealthRouter } from '../api/http/health.js';
import { createMetricsRouter } from '../api/http/metrics.js';
import { createPageRouter, type PageConfig } from '../api/http/page.js';
import { servePlainWebSocket } from '../api/ws/plain-websocket.js';
import { createRestRouter } from '../api/rest/routes.js';
import { createRouter, type Router } from '../api/http/startup-gate.js';
import {
  createHttpServer,
  createWebSocketServer,
  type WebSocketServers,
} from '../api/http/server.js';
import { showBacklog } from '../metrics/backlog.js';
import { countSockets, createWatcherGauge } from '../metrics/connections.js';
import { readBacklog } from '../postgres/backlog.js';
import { createClientLimits } from '../rate-limit/client-limits.js';
import { limitLines } from '../runtime/limit-lines.js';
import { createStatusHub, type StatusHub } from '../status/hub.js';
import { createReranker, type Adapters, type AppContext } from './open-adapters.js';

/** Of the deadline for stopping, what open requests may use. */
const REQUESTS_SHARE = 0.25;

export interface HttpListener {
  port: number;
  /** What is added here is served behind health. */
  router: Router;
  webSockets: WebSocketServers;
  /** Takes no more requests and lets what runs end. Quiet when called again. */
  stop(): Promise<void>;
}

/** Health and metrics alone. Rejects when the port is in use. */
export async function openHttpListener({
  config,
  resources,
  readiness,
  metrics,
  ...context
}: AppContext): Promise<HttpListener> {
  const logger = limitLines(context.logger);
  const router = createRouter();
  const webSockets: WebSocketServers = new Map();
  const server = createHttpServer({
    logger,
    guards: createGuards({ loopbackOnly: acceptsAnybody(config), corsOrigins: config.corsOrigins }),
    corsOrigins: config.corsOrigins,
    routers: [
      {
        path: '/',
        router: createHealthRouter({
          parts: readiness.parts,
          operationsToken: config.operationsToken,
        }),
      },
      {
        path: '/',
        router: createMetricsRouter({
          render: metrics.render,
          operationsToken: config.operationsToken,
        }),
      },
      { path: '/', router },
    ],
    webSockets,
    maxConnections: connectionLimit(config.maxConnections),
  });
  const port = await server.listen(config.port, config.host);
  const stop = () => server.stop(config.shutdownDeadlineMs * REQUESTS_SHARE);
  resources.push('http', stop);
  return { port, router, webSockets, stop };
}

/** Files and sockets of our own need descriptors as well. */
const OWN_DESCRIPTORS = 200;

/**
 * Below the operating system's limit of open files, where Node can tell it: a process without
 * descriptors cannot even read a file.
 */
function connectionLimit(wanted: number): number {
  const { userLimits } = process.report.getReport() as {
    userLimits?: { open_files?: { soft?: unknown } };
  };
  const files = userLimits?.open_files?.soft;
  return typeof files === 'number'
    ? Math.max(1, Math.min(wanted, files - OWN_DESCRIPTORS))
    : wanted;
}

/** Tokens that anybody can make are good on this machine only. */
function acceptsAnybody({ firebase }: Config): boolean {
  return firebase === null || firebase.emulatorHost !== null;
}

export async function openApi(
  context: AppContext,
  parts: Adapters,
  notifyCommitted: NotifyCommitted,
  port: HttpListener,
): Promise<void> {
  const { config, resources, metrics } = context;
  const logger = limitLines(context.logger);
  const { store, bus, identity, blobs, database } = parts;
  const { router, webSockets } = port;
  const onWatcher = createWatcherGauge(metrics.registry);
  const hub = createStatusHub({ bus, store, logger, onWatcher });
  hub.start();
  const services = createServices(context, parts, notifyCommitted, hub);
  const limits = createClientLimits(config.clientLimits);
  const graphql = {
    schema: await createSchema(),
    services,
    identity,
    limits,
    toClientError: createToClientError(logger),
  };
  const httpDoor = await createHttpEndpoint(graphql);
  resources.push('graphql', () => httpDoor.stop());
  // Streams end first, then requests, then the parts that they need.
  resources.push('requests', () => port.stop());
  resources.push('status hub', () => hub.stop());

  const graphqlSockets = createWebSocketServer({ maxMessageBytes: MAX_REQUEST_BYTES });
  serveGraphqlWebSocket(graphqlSockets, graphql);
  const plainSockets = createWebSocketServer({ maxMessageBytes: MAX_REQUEST_BYTES });
  plainSockets.on('connection', (socket) =>
    servePlainWebSocket(socket, { identity, hub, logger, limits }),
  );
  webSockets.set('/graphql', graphqlSockets).set('/ws', plainSockets);
  showBacklog(metrics, () => readBacklog(database));
  countSockets(metrics.registry, { graphql: graphqlSockets, plain: plainSockets });

  router.use('/graphql', httpDoor.router);
  router.use(
    '/api/documents',
    createRestRouter({ identity, store, blobs, limits, uploadDocument: services.uploadDocument }),
  );
  router.use(
    '/',
    createPageRouter({
      folder: join(projectDir, 'dist', 'web'),
      config: toPageConfig(config, services),
    }),
  );
}

function toPageConfig(config: Config, { formats }: Services): PageConfig {
  const { firebase, maxUploadBytes } = config;
  return {
    identity: firebase ? { kind: 'firebase', ...firebase } : { kind: 'dev' },
    limits: { maxUploadBytes, mimeTypes: formats.mimeTypes },
  };
}

function createServices(
  { config, logger }: AppContext,
  { store, blobs, embedder, vectors }: Adapters,
  notifyCommitted: NotifyCommitted,
  hub: StatusHub,
): Services {
  const { maxUploadBytes } = config;
  const formats = createFormatDetector();
  return {
    store,
    hub,
    formats,
    maxUploadBytes,
    uploadDocument: createUploadDocument({
      store,
      blobs,
      formats,
      notifyCommitted,
      maxUploadBytes,
    }),
    deleteDocument: createDeleteDocument({ store, notifyCommitted }),
    searchDocuments: createSearchDocuments({
      store,
      embedder,
      vectors,
      reranker: createReranker(config),
      limits: config.search,
      logger,
    }),
  };
}

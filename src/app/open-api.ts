/** Opens the API on a listener: GraphQL, REST, the WebSockets and the page. */
import { join } from 'node:path';
import { stemmer } from 'stemmer';
import { projectDir, type Config } from '../config.js';
import type { NotifyCommitted } from '../documents/commit-notifier.js';
import { createDeleteDocument } from '../documents/delete-document.js';
import { createSearchDocuments } from '../documents/search-documents.js';
import { createUploadDocument } from '../documents/upload-document.js';
import { createFormatDetector } from '../extraction/format-detector.js';
import type { Services } from '../api/graphql/context.js';
import { createToClientError } from '../api/graphql/errors.js';
import { createHttpEndpoint } from '../api/graphql/http-endpoint.js';
import { MAX_REQUEST_BYTES } from '../api/graphql/limits.js';
import { createSchema } from '../api/graphql/schema.js';
import { serveGraphqlWebSocket } from '../api/graphql/websocket-endpoint.js';
import { createPageRouter, type PageConfig } from '../api/http/page.js';
import { createWebSocketServer } from '../api/http/server.js';
import { createRestRouter } from '../api/rest/routes.js';
import { servePlainWebSocket } from '../api/ws/plain-websocket.js';
import { showBacklog } from '../metrics/backlog.js';
import { countSockets, createWatcherGauge } from '../metrics/connections.js';
import { readBacklog } from '../postgres/backlog.js';
import { createClientLimits } from '../rate-limit/client-limits.js';
import { limitLines } from '../runtime/limit-lines.js';
import { createStatusHub, type StatusHub } from '../status/hub.js';
import type { AppContext } from './app-context.js';
import { createReranker, type Adapters } from './open-adapters.js';
import type { HttpListener } from './open-http-listener.js';

interface ApiOptions {
  context: AppContext;
  adapters: Adapters;
  notifyCommitted: NotifyCommitted;
  listener: HttpListener;
}

export async function openApi({
  context,
  adapters,
  notifyCommitted,
  listener,
}: ApiOptions): Promise<void> {
  const { config, resources, metrics } = context;
  const { store, bus, identity, blobs, database } = adapters;
  const logger = limitLines(context.logger);
  const onWatcher = createWatcherGauge(metrics.registry);
  const hub = createStatusHub({ bus, store, logger, onWatcher });
  hub.start();
  const services = await createServices({ context, adapters, notifyCommitted, hub });
  const limits = createClientLimits(config.clientLimits);
  const graphql = {
    schema: await createSchema(),
    services,
    identity,
    limits,
    toClientError: createToClientError(logger),
  };
  const httpEndpoint = await createHttpEndpoint(graphql);
  // Resources close in reverse order: streams end first, then requests, then what they need.
  resources.push('graphql', () => httpEndpoint.stop());
  resources.push('requests', () => listener.stop());
  resources.push('status hub', () => hub.stop());

  const graphqlSockets = createWebSocketServer({ maxMessageBytes: MAX_REQUEST_BYTES });
  serveGraphqlWebSocket(graphqlSockets, graphql);
  const plainSockets = createWebSocketServer({ maxMessageBytes: MAX_REQUEST_BYTES });
  plainSockets.on('connection', (socket) =>
    servePlainWebSocket(socket, { identity, hub, logger, limits }),
  );
  listener.webSockets.set('/graphql', graphqlSockets).set('/ws', plainSockets);
  countSockets(metrics.registry, { graphql: graphqlSockets, plain: plainSockets });
  showBacklog(metrics, () => readBacklog(database));

  const { uploadDocument } = services;
  listener.router.use('/graphql', httpEndpoint.router);
  listener.router.use(
    '/api/documents',
    createRestRouter({ identity, store, blobs, limits, uploadDocument }),
  );
  listener.router.use('/', createPage(config, services));
}

function createPage(config: Config, { formats }: Services): ReturnType<typeof createPageRouter> {
  return createPageRouter({
    folder: join(projectDir, 'dist', 'web'),
    config: toPageConfig(config, formats.mimeTypes),
  });
}

function toPageConfig(
  { firebase, maxUploadBytes }: Config,
  mimeTypes: readonly string[],
): PageConfig {
  return {
    identity: firebase ? { kind: 'firebase', ...firebase } : { kind: 'dev' },
    limits: { maxUploadBytes, mimeTypes },
  };
}

async function createServices({
  context: { config, logger },
  adapters: { store, blobs, embedder, vectors },
  notifyCommitted,
  hub,
}: Omit<ApiOptions, 'listener'> & { hub: StatusHub }): Promise<Services> {
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
      reranker: await createReranker(config),
      limits: config.search,
      stem: stemmer,
      logger,
    }),
  };
}

import type { Config } from '../config.js';
import { createHealthRouter } from '../api/http/health.js';
import { createMetricsRouter } from '../api/http/metrics.js';
import { createGuards } from '../api/http/request-guards.js';
import { createHttpServer, type WebSocketServers } from '../api/http/server.js';
import { createRouter, type Router } from '../api/http/startup-gate.js';
import { limitLines } from '../runtime/limit-lines.js';
import type { AppContext } from './app-context.js';

/** Share of the shutdown deadline that open requests may use. */
const REQUESTS_SHARE = 0.25;
/** File descriptors that the process needs for its own files and sockets. */
const OWN_DESCRIPTORS = 200;

/** The TCP port of a process, which serves health and metrics from the first moment. */
export interface HttpListener {
  port: number;
  /** Routes that are added here come after health and metrics. */
  router: Router;
  webSockets: WebSocketServers;
  /** Accepts no more requests and waits for the running ones. No-op when called again. */
  stop(): Promise<void>;
}

/** Opens the listener. Rejects with EADDRINUSE if the port is in use. */
export async function openHttpListener({
  config,
  resources,
  readiness,
  metrics,
  ...context
}: AppContext): Promise<HttpListener> {
  const { operationsToken, corsOrigins } = config;
  const router = createRouter();
  const webSockets: WebSocketServers = new Map();
  const server = createHttpServer({
    logger: limitLines(context.logger),
    guards: createGuards({ loopbackOnly: acceptsForgeableTokens(config), corsOrigins }),
    corsOrigins,
    routers: [
      { path: '/', router: createHealthRouter({ checks: readiness.checks, operationsToken }) },
      { path: '/', router: createMetricsRouter({ render: metrics.render, operationsToken }) },
      { path: '/', router },
    ],
    webSockets,
    maxConnections: limitConnections(config.maxConnections),
  });
  const port = await server.listen(config.port, config.host);
  const stop = () => server.stop(config.shutdownDeadlineMs * REQUESTS_SHARE);
  resources.push('http', stop);
  return { port, router, webSockets, stop };
}

/**
 * Returns `wanted`, or less if the operating system limits open files to fewer: a process without
 * file descriptors cannot even read a file. Node does not know the limit on every system.
 */
function limitConnections(wanted: number): number {
  const { userLimits } = process.report.getReport() as {
    userLimits?: { open_files?: { soft?: unknown } };
  };
  const files = userLimits?.open_files?.soft;
  return typeof files === 'number'
    ? Math.max(1, Math.min(wanted, files - OWN_DESCRIPTORS))
    : wanted;
}

/** Returns true if anybody can make a valid token, which is safe on the loopback interface only. */
function acceptsForgeableTokens({ firebase }: Config): boolean {
  return firebase === null || firebase.emulatorHost !== null;
}

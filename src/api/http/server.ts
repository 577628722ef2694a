import cors from 'cors';
import express, { type Router } from 'express';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Logger } from '../../runtime/logger.js';
import { ApiError } from '../../errors.js';
import { CLOSE_RESTARTING } from '../auth/close-codes.js';
import { limitBodyTime } from './body-time.js';
import { createErrorHandler, toApiError, toErrorBody } from './errors.js';
import { coalesceWrites } from './coalesce-writes.js';
import type { Guards } from './request-guards.js';
import { guardUnread } from './guard-unread.js';
import { limitPipelining } from './limit-pipelining.js';
import { securityHeaders } from './security-headers.js';

/** For a whole request: a large file over a slow connection. `body-time.ts` limits other bodies. */
const REQUEST_TIMEOUT_MS = 60 * 60 * 1_000;
const HEADERS_TIMEOUT_MS = 20_000;
/** How often Node checks both timeouts. */
const TIMEOUT_CHECK_MS = 5_000;
/** For the closing handshake of a WebSocket. */
const CLOSE_MS = 1_000;

interface Dependencies {
  logger: Logger;
  guards: Guards;
  corsOrigins: readonly string[];
  routers: { path: string; router: Router }[];
  webSockets: WebSocketServers;
  /** Further connections are closed at once. */
  maxConnections: number;
}

export interface HttpServer {
  /** Resolves to the port. Rejects with EADDRINUSE if the port is in use. */
  listen(port: number, host: string): Promise<number>;
  /**
   * Accepts no more connections. Resolves when all running requests are finished, or were
   * disconnected after `graceMs`. Further calls return the promise of the first.
   */
  stop(graceMs: number): Promise<void>;
}

/** The WebSocket servers by path. */
export type WebSocketServers = Map<string, WebSocketServer>;

/** Creates the server of one path. It closes a socket with 1009 after a larger message. */
export function createWebSocketServer({
  maxMessageBytes,
}: {
  maxMessageBytes: number;
}): WebSocketServer {
  // One message per turn of the event loop: a client can put thousands of them into one packet.
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    allowSynchronousEvents: false,
  });
  // The library closes the socket with the right code. Without a listener, the error would end the
  // process.
  server.on('connection', (socket) => socket.on('error', () => undefined));
  return server;
}

export function createHttpServer(dependencies: Dependencies): HttpServer {
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      shouldUpgradeCallback: isWebSocket,
    },
    limitPipelining(createApplication(dependencies)),
  );
  server.maxConnections = dependencies.maxConnections;
  const stopGuard = guardUnread(server);
  server.on('upgrade', (request, socket, head) => upgrade(dependencies, request, socket, head));
  let stopped: Promise<void> | undefined;

  async function stop(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const webSockets of dependencies.webSockets.values()) closeWebSockets(webSockets);
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    await closed;
    clearTimeout(timer);
    stopGuard();
  }

  return {
    listen: (port, host) => listen(server, port, host),
    stop: (graceMs) => (stopped ??= stop(graceMs)),
  };
}

/** Other upgrades, such as to HTTP/2, are optional: the request is served as plain HTTP. */
function isWebSocket(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket';
}

function createApplication({
  logger,
  guards,
  corsOrigins,
  routers,
}: Dependencies): express.Express {
  const application = express();
  application.disable('x-powered-by');
  // Responses of the API are not cached; express.static sets its own ETags for the page.
  application.disable('etag');
  application.use(securityHeaders());
  application.use((request, _response, next) => {
    guards.check(request);
    next();
  });
  application.use(limitBodyTime());
  application.use(cors({ origin: [...corsOrigins], credentials: false, maxAge: 600 }));
  for (const { path, router } of routers) application.use(path, router);
  application.use(() => {
    throw new ApiError('NOT_FOUND', 'Not found.');
  });
  application.use(createErrorHandler(logger));
  return application;
}

function upgrade(
  { guards, webSockets, logger }: Dependencies,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  socket.on('error', () => socket.destroy());
  try {
    guards.check(request);
    const [path = '/'] = (request.url ?? '/').split('?');
    const server = webSockets.get(path);
    if (!server)
      return rejectUpgrade(
        socket,
        '404 Not Found',
        toErrorBody(
          new ApiError('NOT_FOUND', 'There is no WebSocket at this path; use /graphql or /ws.'),
        ),
      );
    server.handleUpgrade(request, socket, head, (webSocket: WebSocket) => {
      coalesceWrites(webSocket, socket);
      server.emit('connection', webSocket, request);
    });
  } catch (error) {
    rejectUpgrade(socket, '403 Forbidden', toErrorBody(toApiError(error, logger)));
  }
}

function rejectUpgrade(socket: Duplex, status: string, body: object): void {
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(text)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/**
 * Closes all sockets with 1012 (service restart), after which clients reconnect on their own. A
 * client that does not complete the closing handshake in time is disconnected.
 */
function closeWebSockets(server: WebSocketServer): void {
  for (const client of server.clients) {
    client.close(CLOSE_RESTARTING, 'The service is restarting');
    setTimeout(() => client.terminate(), CLOSE_MS).unref();
  }
}

import cors from 'cors';
import express, { type Router } from 'express';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Logger } from '../../runtime/logger.js';
import { ApiError } from '../../errors.js';
import { limitBodyTime } from './body-time.js';
import { createErrorHandler, toApiError, toErrorBody } from './errors.js';
import { coalesceWrites } from './coalesce-writes.js';
import type { Guards } from './request-guards.js';
import { guardUnread } from './guard-unread.js';
import { limitPipelining } from './limit-pipelining.js';
import { securityHeaders } from './page.js';

/**
 * A large file over a slow line takes its time; headers may not. Bodies without a file have a limit
 * of their own.
 */
const REQUEST_TIMEOUT_MS = 60 * 60 * 1_000;
const HEADERS_TIMEOUT_MS = 20_000;
/** How often Node looks for requests that take too long. */
const TIMEOUT_CHECK_MS = 5_000;

interface Dependencies {
  logger: Logger;
  guards: Guards;
  corsOrigins: readonly string[];
  routers: { path: string; router: Router }[];
  webSockets: WebSocketServers;
  /** Further ones are refused by closing them. */
  maxConnections: number;
}

export interface HttpServer {
  /** Resolves to the port; rejects when it is in use. */
  listen(port: number, host: string): Promise<number>;
  /**
   * Takes no more connections and resolves when what runs has been answered, or cut off after
   * `graceMs`. The first call counts.
   */
  stop(graceMs: number): Promise<void>;
}

/** By path. */
export type WebSocketServers = Map<string, WebSocketServer>;

/** Takes over connections that this server hands it, and refuses messages that are larger. */
export function createWebSocketServer({
  maxMessageBytes,
}: {
  maxMessageBytes: number;
}): WebSocketServer {
  // One message in a turn of the loop: a client may put thousands of them into one packet.
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    allowSynchronousEvents: false,
  });
  // The library closes the socket with the right code on its own; an error without a listener would
  // end the process.
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
    for (const webSockets of dependencies.webSockets.values()) closeSockets(webSockets);
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

/** Other upgrades, such as to HTTP/2, may be ignored, and then the request is answered as it is. */
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
  // Answers are made for one request; files of the page have tags of their own.
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
      return refuse(
        socket,
        '404 Not Found',
        toErrorBody(new ApiError('NOT_FOUND', 'No WebSocket is served here.')),
      );
    server.handleUpgrade(request, socket, head, (webSocket: WebSocket) => {
      coalesceWrites(webSocket, socket);
      server.emit('connection', webSocket, request);
    });
  } catch (error) {
    refuse(socket, '403 Forbidden', toErrorBody(toApiError(error, logger)));
  }
}

function refuse(socket: Duplex, status: string, body: object): void {
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
 * Clients come back by themselves: 1012 says that the service restarts. One that does not answer
 * the goodbye is cut off.
 */
function closeSockets(server: WebSocketServer): void {
  for (const client of server.clients) {
    client.close(1012, 'The service restarts');
    setTimeout(() => client.terminate(), 1_000).unref();
  }
}

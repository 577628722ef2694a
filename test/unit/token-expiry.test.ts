/** What every endpoint does when a token expires, and when nobody knows whether it has. */
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { once } from 'node:events';
import express from 'express';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import { Readable } from 'node:stream';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { Identity, Viewer } from '../../src/documents/ports.js';
import { ApiError, ExpiredTokenError } from '../../src/errors.js';
import type { Document } from '../../src/documents/document.js';
import type { UploadDocument } from '../../src/documents/upload-document.js';
import type { Context, Services } from '../../src/api/graphql/context.js';
import { createToClientError } from '../../src/api/graphql/errors.js';
import { createHttpEndpoint } from '../../src/api/graphql/http-endpoint.js';
import { untilAborted } from '../../src/documents/until-aborted.js';
import { createErrorHandler } from '../../src/api/http/errors.js';
import { createRestRouter } from '../../src/api/rest/routes.js';
import { serveGraphqlWebSocket } from '../../src/api/graphql/websocket-endpoint.js';
import { servePlainWebSocket } from '../../src/api/ws/plain-websocket.js';
import type { Logger } from '../../src/runtime/logger.js';
import { createLogger } from '../../src/runtime/pino-logger.js';
import type { StatusHub } from '../../src/status/hub.js';

/** A watch that nothing happens in. */
const silence = () => ({
  [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }),
});
const silentStream = {
  ...silence(),
  return: () => Promise.resolve({ done: true, value: undefined }),
};
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: { nothing: { type: GraphQLString } } }),
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: { silence: { type: GraphQLString, subscribe: silence } },
  }),
});
const viewerUntil = (ms: number): Viewer => ({
  id: 'ada',
  email: null,
  isAdmin: false,
  expiresAt: new Date(Date.now() + ms),
});

const PROTOCOLS = {
  graphql: (server: WebSocketServer, identity: Identity) =>
    serveGraphqlWebSocket(server, {
      schema,
      services: {} as Services,
      identity,
      toClientError: () => ({ message: 'no' }),
    }),
  plain: (server: WebSocketServer, identity: Identity) => {
    const hub = { watchUser: () => Promise.resolve(silentStream) } as unknown as StatusHub;
    server.on('connection', (socket) =>
      servePlainWebSocket(socket, { identity, hub, logger: {} as Logger }),
    );
  },
};
type Protocol = keyof typeof PROTOCOLS;

let http: Server;

afterEach(() => {
  http.close();
  http.closeAllConnections();
});

/** Signs in and watches. Returns the types of all messages until the close, and the close code. */
async function watchUntilClosed(
  protocol: Protocol,
  verify: Identity['verify'],
): Promise<{ code: number; types: string[] }> {
  http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  PROTOCOLS[protocol](new WebSocketServer({ server: http }), { verify });
  const address = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const socket =
    protocol === 'graphql'
      ? new WebSocket(address, 'graphql-transport-ws')
      : new WebSocket(address);
  const types: string[] = [];
  const send = (message: object) => socket.send(JSON.stringify(message));
  socket.on('message', (data: Buffer) => {
    const { type } = JSON.parse(data.toString()) as { type: string };
    types.push(type);
    if (type === 'connection_ack')
      send({ id: '1', type: 'subscribe', payload: { query: 'subscription { silence }' } });
  });
  await once(socket, 'open');
  if (protocol === 'graphql')
    send({ type: 'connection_init', payload: { Authorization: 'Bearer x' } });
  else send({ type: 'auth', token: 'x' });
  const [code] = (await once(socket, 'close')) as [number];
  return { code, types };
}

describe.each(['graphql', 'plain'] as const)('the %s WebSocket', (protocol) => {
  const welcome = protocol === 'graphql' ? 'connection_ack' : 'authenticated';

  it('closes with 4403 when the token of a watcher expires', async () => {
    const { code, types } = await watchUntilClosed(protocol, () =>
      Promise.resolve(viewerUntil(300)),
    );
    expect(code).toBe(4403);
    expect(types[0]).toBe(welcome);
  });

  it('closes with 4403 for an expired token', async () => {
    const { code, types } = await watchUntilClosed(protocol, () =>
      Promise.reject(new ExpiredTokenError()),
    );
    expect(code).toBe(4403);
    expect(types).not.toContain(welcome);
  });

  it('closes with 4401 for an invalid token', async () => {
    expect(
      await watchUntilClosed(protocol, () => Promise.reject(new ApiError('UNAUTHENTICATED', 'no'))),
    ).toMatchObject({ code: 4401 });
  });

  it('closes with a code after which clients reconnect while tokens cannot be checked', async () => {
    const { code } = await watchUntilClosed(protocol, () =>
      Promise.reject(new ApiError('DEPENDENCY_UNAVAILABLE', 'no response')),
    );
    expect(code).toBe(protocol === 'graphql' ? 1013 : 1011);
  });
});

describe('the expiry of a token over HTTP', () => {
  /** The endpoint with a schema whose stream and whose query never end. */
  async function listen(expiresInMs: number): Promise<string> {
    const viewer = viewerUntil(expiresInMs);
    const slow = new GraphQLSchema({
      query: new GraphQLObjectType({
        name: 'Query',
        fields: {
          slow: {
            type: GraphQLString,
            resolve: (_root, _arguments, { signal }: Context) =>
              untilAborted(signal, () => new Promise<never>(() => undefined)),
          },
        },
      }),
      subscription: new GraphQLObjectType({
        name: 'Subscription',
        fields: { ticks: { type: GraphQLString, subscribe: ticks, resolve: () => 'tick' } },
      }),
    });
    const toClientError = createToClientError(
      createLogger({ level: 'silent', forTerminal: false }),
    );
    const identity = { verify: () => Promise.resolve(viewer) };
    const protocol = await createHttpEndpoint({
      schema: slow,
      services: {} as Services,
      identity,
      toClientError,
    });
    const application = express().use('/graphql', protocol.router);
    application.use(
      '/api',
      createRestRouter({ identity, ...endlessFile, uploadDocument: readAll }),
    );
    application.use(createErrorHandler(createLogger({ level: 'silent', forTerminal: false })));
    http = createServer(application).listen(0, '127.0.0.1');
    await once(http, 'listening');
    return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  }

  async function* ticks() {
    for (;;) {
      yield 'tick';
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  const document = {
    id: '3fa85f64-5717-4562-b3fc-2c963f66afa6',
    filename: 'a.txt',
    mimeType: 'text/plain',
    fileSize: 1e9,
    blobKey: 'k',
  };
  const endlessFile = {
    store: { find: () => Promise.resolve(document as Document) },
    blobs: { read: () => Promise.resolve(Readable.from(ticks())) },
  };
  const readAll: UploadDocument = async (_viewer, { content }) => {
    const parts: Buffer[] = [];
    for await (const part of content) parts.push(part);
    throw new Error(`the upload ended after ${parts.length} parts`);
  };
  const post = (url: string, query: string, accept: string) =>
    fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { authorization: 'Bearer x', accept, 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });

  it('ends an SSE stream with UNAUTHENTICATED and complete', async () => {
    const response = await post(await listen(300), 'subscription { ticks }', 'text/event-stream');
    const events = (await response.text())
      .split('\n\n')
      .filter((event) => event.startsWith('event:'));
    expect(events.length).toBeGreaterThan(2);
    expect(events.at(-2)).toContain('UNAUTHENTICATED');
    expect(events.at(-1)).toContain('event: complete');
  });

  it('ends a running query', async () => {
    const response = await post(await listen(200), '{ slow }', 'application/json');
    expect(await response.json()).toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
  });

  it('aborts a download', async () => {
    const response = await fetch(`${await listen(200)}/api/${document.id}/file`, {
      headers: { authorization: 'Bearer x' },
    });
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
  });

  it('rejects an unfinished upload with 401', async () => {
    const sent = request(`${await listen(200)}/api/upload`, {
      method: 'POST',
      headers: {
        authorization: 'Bearer x',
        'content-type': 'multipart/form-data; boundary=b',
        'content-length': 1_000_000,
      },
    });
    sent.on('error', () => undefined);
    sent.write(
      '--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\nsome text',
    );
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(401);
    expect(response.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    sent.destroy();
  });
});

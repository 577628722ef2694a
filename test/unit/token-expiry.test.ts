/** What the WebSocket doors do when the time of a token is over, and when nobody can tell. */
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { Identity, Viewer } from '../../src/documents/ports.js';
import { ApiError, ExpiredTokenError } from '../../src/errors.js';
import type { Services } from '../../src/graphql/context.js';
import { serveGraphqlWebSocket } from '../../src/graphql/websocket-door.js';
import { servePlainWebSocket } from '../../src/http/plain-websocket.js';
import type { Logger } from '../../src/runtime/logger.js';
import type { StatusHub } from '../../src/status/hub.js';

/** A watch that nothing happens in. */
const silence = () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) });
const silentStream = { ...silence(), return: () => Promise.resolve({ done: true, value: undefined }) };
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: { nothing: { type: GraphQLString } } }),
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: { silence: { type: GraphQLString, subscribe: silence } },
  }),
});
const viewerUntil = (ms: number): Viewer => ({ id: 'ada', email: null, isAdmin: false, expiresAt: new Date(Date.now() + ms) });

const DOORS = {
  graphql: (server: WebSocketServer, identity: Identity) =>
    serveGraphqlWebSocket(server, { schema, services: {} as Services, identity, toClientError: () => ({ message: 'no' }) }),
  plain: (server: WebSocketServer, identity: Identity) => {
    const hub = { watchUser: () => Promise.resolve(silentStream) } as unknown as StatusHub;
    server.on('connection', (socket) => servePlainWebSocket(socket, { identity, hub, logger: {} as Logger }));
  },
};
type Door = keyof typeof DOORS;

let http: Server;

afterEach(() => {
  http.close();
  http.closeAllConnections();
});

/** Signs in, watches, and answers what was said until the socket was closed, and its code. */
async function watchUntilClosed(door: Door, verify: Identity['verify']): Promise<{ code: number; said: string[] }> {
  http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  DOORS[door](new WebSocketServer({ server: http }), { verify });
  const address = `ws://127.0.0.1:${String((http.address() as AddressInfo).port)}`;
  const socket = door === 'graphql' ? new WebSocket(address, 'graphql-transport-ws') : new WebSocket(address);
  const said: string[] = [];
  const tell = (message: object) => socket.send(JSON.stringify(message));
  socket.on('message', (data: Buffer) => {
    const { type } = JSON.parse(data.toString()) as { type: string };
    said.push(type);
    if (type === 'connection_ack') tell({ id: '1', type: 'subscribe', payload: { query: 'subscription { silence }' } });
  });
  await once(socket, 'open');
  if (door === 'graphql') tell({ type: 'connection_init', payload: { Authorization: 'Bearer x' } });
  else tell({ type: 'auth', token: 'x' });
  const [code] = (await once(socket, 'close')) as [number];
  return { code, said };
}

describe.each(['graphql', 'plain'] as const)('the %s WebSocket', (door) => {
  const welcome = door === 'graphql' ? 'connection_ack' : 'authenticated';

  it('closes with 4403 in mid-watch, when the token ends', async () => {
    const { code, said } = await watchUntilClosed(door, () => Promise.resolve(viewerUntil(300)));
    expect(code).toBe(4403);
    expect(said[0]).toBe(welcome);
  });

  it('closes with 4403 at once for a token that has ended', async () => {
    const { code, said } = await watchUntilClosed(door, () => Promise.reject(new ExpiredTokenError()));
    expect(code).toBe(4403);
    expect(said).not.toContain(welcome);
  });

  it('closes with 4401 for a token that is not valid', async () => {
    expect(await watchUntilClosed(door, () => Promise.reject(new ApiError('UNAUTHENTICATED', 'no')))).toMatchObject({ code: 4401 });
  });

  it('signs nobody out while tokens cannot be checked: clients come back', async () => {
    const { code } = await watchUntilClosed(door, () => Promise.reject(new ApiError('DEPENDENCY_UNAVAILABLE', 'no answer')));
    expect(code).toBe(door === 'graphql' ? 1013 : 1011);
  });
});

/**
 * The operations that one GraphQL WebSocket may run at once. They last until the test ends them.
 */
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { Context, Services } from '../../src/api/graphql/context.js';
import { createToClientError } from '../../src/api/graphql/errors.js';
import { OPERATIONS_PER_SOCKET } from '../../src/api/graphql/limits.js';
import { untilAborted } from '../../src/documents/until-aborted.js';
import { serveGraphqlWebSocket } from '../../src/api/graphql/websocket-endpoint.js';
import { createLogger } from '../../src/runtime/pino-logger.js';
import { eventually } from '../support/wait.js';

interface Message {
  type: string;
  id?: string;
  payload?: { extensions: { code: string } }[];
}

let http: Server;
let client: WebSocket;
let finish: () => void;

afterEach(() => {
  finish();
  // The heartbeat would keep the connection open and the process running.
  client.terminate();
  http.close();
  http.closeAllConnections();
});

/** `operations` counts those of this socket only. */
async function open(): Promise<{
  socket: WebSocket;
  messages: Message[];
  operations: { started: number; aborted: number };
  ask: (id: string) => void;
}> {
  const operations = { started: 0, aborted: 0 };
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const slow = async (_root: unknown, _arguments: unknown, { signal }: Context) => {
    operations.started += 1;
    signal.addEventListener('abort', () => (operations.aborted += 1));
    await untilAborted(signal, () => finished);
    return 'done';
  };
  const query = new GraphQLObjectType({
    name: 'Query',
    fields: { slow: { type: GraphQLString, resolve: slow } },
  });
  http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  serveGraphqlWebSocket(new WebSocketServer({ server: http }), {
    schema: new GraphQLSchema({ query }),
    services: {} as Services,
    identity: {
      verify: () => Promise.resolve({ id: 'ada', email: null, isAdmin: false, expiresAt: null }),
    },
    toClientError: createToClientError(createLogger({ level: 'silent', forTerminal: false })),
  });
  const socket = new WebSocket(
    `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
    'graphql-transport-ws',
  );
  client = socket;
  const messages: Message[] = [];
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as Message));
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: 'Bearer x' } }));
  await eventually(() => messages.some(({ type }) => type === 'connection_ack'));
  return {
    socket,
    messages,
    operations,
    ask: (id) =>
      socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query: '{ slow }' } })),
  };
}

const idsOf = (messages: readonly Message[], wanted: string) =>
  messages.flatMap(({ type, id }) => (type === wanted && id ? [id] : []));

it('rejects one operation too many with RATE_LIMITED, and accepts more after one has ended', async () => {
  const { socket, messages, ask } = await open();
  for (let id = 0; id <= OPERATIONS_PER_SOCKET; id += 1) ask(String(id));
  await eventually(() => idsOf(messages, 'error').length === 1);
  expect(messages.at(-1)).toMatchObject({
    id: String(OPERATIONS_PER_SOCKET),
    payload: [{ extensions: { code: 'RATE_LIMITED' } }],
  });
  finish();
  await eventually(() => idsOf(messages, 'complete').length === OPERATIONS_PER_SOCKET);
  ask('again');
  await eventually(() => idsOf(messages, 'complete').includes('again'));
  expect(socket.readyState).toBe(socket.OPEN);
});

it('aborts an operation that its client completes, and then accepts another', async () => {
  const { socket, messages, operations, ask } = await open();
  for (let id = 0; id < OPERATIONS_PER_SOCKET; id += 1) ask(String(id));
  await eventually(() => operations.started > 0);
  for (let id = 0; id < OPERATIONS_PER_SOCKET; id += 1)
    socket.send(JSON.stringify({ id: String(id), type: 'complete' }));
  ask('next');
  await eventually(() => operations.aborted > 0);
  finish();
  await eventually(() => idsOf(messages, 'complete').includes('next'));
});

it('aborts all operations when the socket closes', async () => {
  const { socket, operations, ask } = await open();
  ask('1');
  ask('2');
  await eventually(() => operations.started === 2);
  socket.terminate();
  await eventually(() => operations.aborted === 2);
});

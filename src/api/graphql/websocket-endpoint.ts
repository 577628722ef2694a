/**
 * GraphQL over WebSocket with the graphql-transport-ws protocol. The library implements the
 * protocol; this file owns the socket, its limits and its close codes.
 */
import {
  execute,
  getOperationAST,
  GraphQLError,
  subscribe,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import {
  handleProtocols,
  makeServer,
  MessageType,
  type Context as ConnectionContext,
  type Server,
} from 'graphql-ws';
import type { WebSocket, WebSocketServer } from 'ws';
import { missingToken, parseBearer } from '../auth/authenticate.js';
import {
  CLOSE_BAD_REQUEST,
  CLOSE_EXPIRED,
  CLOSE_INTERNAL_ERROR,
  CLOSE_TRY_AGAIN,
  CLOSE_UNAUTHENTICATED,
} from '../auth/close-codes.js';
import type { Identity, Viewer } from '../../documents/ports.js';
import { ApiError, ExpiredTokenError } from '../../errors.js';
import { guardWebSocket } from '../http/guard-web-socket.js';
import { startHeartbeat } from '../http/heartbeat.js';
import { signInSocket } from '../http/sign-in-socket.js';
import { createClientLimits, type ClientLimits } from '../../rate-limit/client-limits.js';
import {
  createOperationCheck,
  isDocument,
  unknownOperation,
  type OperationCheck,
  type OperationRequest,
} from './check-operation.js';
import type { Context, Services } from './context.js';
import { createContext } from './create-context.js';
import type { ToClientError } from './errors.js';
import { holdOperation, isSubscription, type HeldOperation } from './hold-operation.js';
import { isRecord } from './is-record.js';
import { MAX_ERRORS, OPERATIONS_PER_SOCKET, SUBSCRIPTIONS_PER_SOCKET } from './limits.js';
import { clientDisconnected } from './operation-signal.js';
import { wrapStream } from './wrap-stream.js';

interface Dependencies {
  schema: GraphQLSchema;
  services: Services;
  identity: Identity;
  toClientError: ToClientError;
  /** Default: limits of this endpoint alone. */
  limits?: ClientLimits;
}

/** The state of one socket. */
interface Connection extends Record<PropertyKey, unknown> {
  socket: WebSocket;
  viewer: Viewer | null;
  /** Aborts when the socket closes. */
  closed: AbortController;
  /** Running operations by the client's id. */
  operations: Map<string, AbortController>;
  /** Queries and mutations among the running operations. */
  running: number;
}

type OperationContext = Context & { held: HeldOperation };

export function serveGraphqlWebSocket(
  server: WebSocketServer,
  { limits = createClientLimits(), ...dependencies }: Dependencies,
): void {
  server.options.handleProtocols = handleProtocols;
  const protocol = createProtocol({ ...dependencies, limits });
  server.on('connection', (socket) => serveSocket(protocol, dependencies.toClientError, socket));
}

function serveSocket(
  protocol: Server<Connection>,
  toClientError: ToClientError,
  socket: WebSocket,
): void {
  const connection: Connection = {
    socket,
    viewer: null,
    closed: new AbortController(),
    operations: new Map(),
    running: 0,
  };
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      send: (text) => send(socket, text),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (handle) =>
        guardWebSocket(socket, (data, isBinary) => {
          const text = toText(data, isBinary);
          receive(connection, handle, text).catch((error: unknown) => {
            toClientError(error);
            socket.close(CLOSE_INTERNAL_ERROR, 'Internal error');
          });
        }),
    },
    connection,
  );
  startHeartbeat(socket);
  socket.once('close', (code, reason) => {
    connection.closed.abort(clientDisconnected());
    void closed(code, String(reason)).catch(toClientError);
  });
}

/** Returns an empty text, which is not a message, for binary data: the protocol has none. */
function toText(data: unknown, isBinary: boolean): string {
  return isBinary || !Buffer.isBuffer(data) ? '' : data.toString('utf8');
}

/** Resolves as well if the socket is closed: nobody is left to receive the message. */
function send(socket: WebSocket, text: string): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState === socket.OPEN) socket.send(text, () => resolve());
    else resolve();
  });
}

/** Types that only servers send. graphql-ws 6.4 throws a plain Error when a client sends one. */
const SERVER_TYPES: readonly string[] = [
  MessageType.ConnectionAck,
  MessageType.Next,
  MessageType.Error,
];

const COMPLETE: string = MessageType.Complete;

async function receive(
  { socket, operations }: Connection,
  handle: (text: string) => Promise<void>,
  text: string,
): Promise<void> {
  const { type, id } = readEnvelope(text);
  if (SERVER_TYPES.includes(type)) return socket.close(CLOSE_BAD_REQUEST, 'Unexpected message');
  // The library ends the stream of the operation, but does not abort a running resolver.
  if (type === COMPLETE) operations.get(id)?.abort(clientDisconnected());
  await handle(text);
}

/** Returns the type and the id of a message; empty texts if they are missing. */
function readEnvelope(text: string): { type: string; id: string } {
  try {
    const message: unknown = JSON.parse(text);
    const { type, id } = isRecord(message) ? message : {};
    return { type: typeof type === 'string' ? type : '', id: typeof id === 'string' ? id : '' };
  } catch {
    return { type: '', id: '' };
  }
}

function createProtocol(dependencies: Dependencies & { limits: ClientLimits }): Server<Connection> {
  const { schema, toClientError } = dependencies;
  const check = createOperationCheck(schema);
  return makeServer<Record<string, unknown>, Connection>({
    schema,
    onConnect: (context) => signIn(dependencies, context),
    onSubscribe: ({ extra, subscriptions }, id, payload) =>
      prepare(
        { ...dependencies, check },
        { connection: extra, id, payload, open: Object.keys(subscriptions).length },
      ),
    execute: executeHeld,
    subscribe: subscribeHeld,
    onNext: (_context, _id, _payload, _args, result) =>
      result.errors
        ? {
            data: result.data ?? null,
            errors: result.errors.slice(0, MAX_ERRORS).map(toClientError),
          }
        : undefined,
    onError: (_context, _id, _payload, errors) => errors.slice(0, MAX_ERRORS).map(toClientError),
  });
}

/**
 * Signs the socket in with the token of connection_init. Returns false after it has closed the
 * socket. The key is read in any case, because GraphiQL sends its header editor as it is.
 */
async function signIn(
  { identity, limits }: Dependencies & { limits: ClientLimits },
  { connectionParams, extra }: ConnectionContext<Record<string, unknown>, Connection>,
): Promise<boolean> {
  const { socket } = extra;
  const [, authorization] =
    Object.entries(connectionParams ?? {}).find(([key]) => key.toLowerCase() === 'authorization') ??
    [];
  const token = parseBearer(authorization);
  const onTokenEnd = (reason: ApiError) => close(socket, reason);
  try {
    if (token === null) throw missingToken();
    extra.viewer = await signInSocket(socket, { identity, limits, token, onTokenEnd });
    return extra.viewer !== null;
  } catch (error) {
    close(socket, error);
    return false;
  }
}

function close(socket: WebSocket, error: unknown): void {
  if (error instanceof ExpiredTokenError) socket.close(CLOSE_EXPIRED, 'The token has expired');
  else if (error instanceof ApiError && error.code === 'RATE_LIMITED')
    socket.close(CLOSE_TRY_AGAIN, 'Too many connections');
  else if (error instanceof ApiError && error.code === 'UNAUTHENTICATED')
    socket.close(CLOSE_UNAUTHENTICATED, 'The token is missing or invalid');
  else socket.close(CLOSE_TRY_AGAIN, 'The token cannot be checked now');
}

interface Subscribing {
  connection: Connection;
  id: string;
  payload: OperationRequest;
  /** Operations of this socket, including this one. */
  open: number;
}

async function prepare(
  {
    schema,
    services,
    limits,
    check,
  }: Dependencies & { limits: ClientLimits; check: OperationCheck },
  { connection, id, payload: { query, variables, operationName }, open }: Subscribing,
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  const { viewer } = connection;
  try {
    if (viewer === null)
      throw new ApiError(
        'UNAUTHENTICATED',
        'This WebSocket is not signed in; send connection_init first.',
      );
    limits.requests.spend(viewer.id);
    const document = check.check({ query, variables, operationName });
    if (!isDocument(document)) return document.map(toGraphQLError);
    if (!getOperationAST(document, operationName)) throw unknownOperation();
    const isStream = isSubscription(document, operationName);
    assertCapacity(connection, isStream, open);
    const held = await hold(limits, connection, { id, owner: viewer.id, isStream });
    const contextValue: OperationContext = {
      ...createContext(services, { viewer, rejection: null }, { signal: held.signal }),
      held,
    };
    return {
      schema,
      document,
      contextValue,
      ...(variables && { variableValues: variables }),
      ...(operationName && { operationName }),
    };
  } catch (error) {
    if (error instanceof ApiError) return [toGraphQLError(error)];
    throw error;
  }
}

function assertCapacity({ running }: Connection, isStream: boolean, open: number): void {
  if (isStream && open - running > SUBSCRIPTIONS_PER_SOCKET)
    throw tooMany(
      `One WebSocket may have ${SUBSCRIPTIONS_PER_SOCKET} subscriptions; watch the list instead of each document.`,
      SUBSCRIPTIONS_PER_SOCKET,
    );
  if (!isStream && running >= OPERATIONS_PER_SOCKET)
    throw tooMany(
      `One WebSocket may run ${OPERATIONS_PER_SOCKET} queries and mutations at once; wait for a response.`,
      OPERATIONS_PER_SOCKET,
    );
}

function tooMany(message: string, limit: number): ApiError {
  return new ApiError('RATE_LIMITED', message, { limit });
}

async function hold(
  limits: ClientLimits,
  connection: Connection,
  { id, owner, isStream }: { id: string; owner: string; isStream: boolean },
): Promise<HeldOperation> {
  const { operations, closed } = connection;
  const completed = new AbortController();
  operations.set(id, completed);
  if (!isStream) connection.running += 1;

  function forget(): void {
    if (operations.get(id) === completed) operations.delete(id);
    if (!isStream) connection.running -= 1;
  }

  try {
    const signal = AbortSignal.any([completed.signal, closed.signal]);
    const held = await holdOperation(limits, { owner, signal, isSubscription: isStream });
    const release = once(() => {
      held.release();
      forget();
    });
    return { signal: held.signal, release };
  } catch (error) {
    forget();
    throw error;
  }
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) work();
    isDone = true;
  };
}

/** Executes an operation, and releases what was held for it however it ends. */
async function executeHeld(args: ExecutionArgs): Promise<ExecutionResult> {
  try {
    return await execute(args);
  } finally {
    heldOperationOf(args).release();
  }
}

async function subscribeHeld(args: ExecutionArgs): ReturnType<typeof subscribe> {
  const { release } = heldOperationOf(args);
  try {
    const result = await subscribe(args);
    if (Symbol.asyncIterator in result) return wrapStream(result, { onEnd: release });
    release();
    return result;
  } catch (error) {
    release();
    throw error;
  }
}

function heldOperationOf({ contextValue }: ExecutionArgs): HeldOperation {
  return (contextValue as OperationContext).held;
}

function toGraphQLError(error: Error): GraphQLError {
  return error instanceof GraphQLError
    ? error
    : new GraphQLError(error.message, { originalError: error });
}

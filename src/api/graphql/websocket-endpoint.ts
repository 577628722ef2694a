/**
 * GraphQL over WebSocket, by the graphql-transport-ws protocol: the library knows the protocol, the
 * socket is ours.
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
  type Context as ConnectionContext,
  type Server,
} from 'graphql-ws';
import type { WebSocket, WebSocketServer } from 'ws';
import { parseBearer } from '../auth/authenticate.js';
import {
  CLOSE_BAD_REQUEST,
  CLOSE_EXPIRED,
  CLOSE_TRY_AGAIN,
  CLOSE_UNAUTHENTICATED,
} from '../auth/close-codes.js';
import { watchToken } from '../auth/token-expiry.js';
import type { Identity, Viewer } from '../../documents/ports.js';
import { ApiError, ExpiredTokenError } from '../../errors.js';
import { guardWebSocket } from '../http/guard-web-socket.js';
import { startHeartbeat } from '../http/heartbeat.js';
import { createClientLimits, type ClientLimits } from '../../rate-limit/client-limits.js';
import {
  createOperationCheck,
  isDocument,
  type OperationCheck,
  type OperationRequest,
} from './check-operation.js';
import type { Context, Services } from './context.js';
import { createContext } from './create-context.js';
import type { ToClientError } from './errors.js';
import { holdOperation, isSubscription, type HeldOperation } from './hold-operation.js';
import { MAX_ERRORS, OPERATIONS_PER_SOCKET, SUBSCRIPTIONS_PER_SOCKET } from './limits.js';
import { clientLeft } from './operation-signal.js';

interface Dependencies {
  schema: GraphQLSchema;
  services: Services;
  identity: Identity;
  toClientError: ToClientError;
  /** Left out: limits of this endpoint's own, with their defaults. */
  limits?: ClientLimits;
}

/** One socket, from its handshake to its close. */
interface Connection extends Record<PropertyKey, unknown> {
  socket: WebSocket;
  viewer: Viewer | null;
  /** Aborts when the socket closes. */
  closed: AbortController;
  /** Operations under way, by the client's id. */
  operations: Map<string, AbortController>;
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
        guardWebSocket(
          socket,
          (data, isBinary) =>
            void receive(connection, handle, toText(data, isBinary)).catch((error: unknown) => {
              if (isUnexpectedMessage(error))
                return socket.close(CLOSE_BAD_REQUEST, 'Unexpected message');
              // A bug of ours: logged under an id, and the client may reconnect.
              toClientError(error);
              socket.close(1011, 'Internal error');
            }),
        ),
    },
    connection,
  );
  startHeartbeat(socket);
  socket.once('close', (code, reason) => {
    connection.closed.abort(clientLeft());
    void closed(code, String(reason)).catch(toClientError);
  });
}

/**
 * graphql-ws 6.4 throws when a client sends a type that only servers send, such as `next`: its one
 * error that is the client's fault.
 */
function isUnexpectedMessage(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Unexpected message of type');
}

/** Empty, which is no message, for binary data: this protocol has none. */
function toText(data: unknown, isBinary: boolean): string {
  return isBinary || !Buffer.isBuffer(data) ? '' : data.toString('utf8');
}

/** A message that can no longer be delivered concerns nobody. */
function send(socket: WebSocket, text: string): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState === socket.OPEN) socket.send(text, () => resolve());
    else resolve();
  });
}

/** A message that completes an operation is short. */
const MAX_COMPLETE_LENGTH = 1_000;

async function receive(
  { operations }: Connection,
  handle: (text: string) => Promise<void>,
  text: string,
): Promise<void> {
  if (text.length <= MAX_COMPLETE_LENGTH && text.includes('"complete"'))
    operations.get(completedId(text))?.abort(clientLeft());
  await handle(text);
}

function completedId(text: string): string {
  try {
    const message = JSON.parse(text) as { type?: unknown; id?: unknown } | null;
    return message?.type === 'complete' && typeof message.id === 'string' ? message.id : '';
  } catch {
    return '';
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
 * The key in any case: GraphiQL sends its header tab as it stands. False after the socket has been
 * closed with the reason.
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
  try {
    if (token === null) throw new ApiError('UNAUTHENTICATED', 'There is no token');
    const viewer = await identity.verify(token);
    if (socket.readyState !== socket.OPEN) return false;
    const release = limits.connections.take(viewer.id);
    const stopWatching = watchToken({ identity, token, viewer }, (error) => close(socket, error));
    socket.once('close', () => {
      release();
      stopWatching();
    });
    extra.viewer = viewer;
    return true;
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
    socket.close(CLOSE_UNAUTHENTICATED, 'The token is missing or not valid');
  else socket.close(CLOSE_TRY_AGAIN, 'The token cannot be checked just now');
}

interface Subscribing {
  connection: Connection;
  id: string;
  payload: OperationRequest;
  /** Operations of this socket, this one included. */
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
    if (viewer === null) throw new ApiError('UNAUTHENTICATED', 'This socket is not signed in.');
    limits.requests.spend(viewer.id);
    const document = check.check({ query, variables, operationName });
    if (!isDocument(document)) return document.map(toGraphQLError);
    if (!getOperationAST(document, operationName))
      throw new ApiError('BAD_USER_INPUT', 'operationName must name one of the operations.', {
        field: 'operationName',
      });
    const isStream = isSubscription(document, operationName);
    assertCapacity(connection, isStream, open);
    const held = await hold(limits, connection, { id, owner: viewer.id, isStream });
    const contextValue: OperationContext = {
      ...createContext(services, { viewer, refusal: null }, { signal: held.signal }),
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
      'subscriptions: watch the list instead of each document',
      SUBSCRIPTIONS_PER_SOCKET,
    );
  if (!isStream && running >= OPERATIONS_PER_SOCKET)
    throw tooMany('queries and mutations at once', OPERATIONS_PER_SOCKET);
}

function tooMany(what: string, limit: number): ApiError {
  return new ApiError('RATE_LIMITED', `A socket carries at most ${limit} ${what}.`, { limit });
}

async function hold(
  limits: ClientLimits,
  connection: Connection,
  { id, owner, isStream }: { id: string; owner: string; isStream: boolean },
): Promise<HeldOperation> {
  const { operations, closed } = connection;
  const left = new AbortController();
  operations.set(id, left);
  if (!isStream) connection.running += 1;
  const forget = (): void => {
    if (operations.get(id) === left) operations.delete(id);
    if (!isStream) connection.running -= 1;
  };
  try {
    const signal = AbortSignal.any([left.signal, closed.signal]);
    const held = await holdOperation(limits, { owner, signal, isSubscription: isStream });
    return { signal: held.signal, release: once(() => [held.release(), forget()]) };
  } catch (error) {
    forget();
    throw error;
  }
}

function once(work: () => unknown): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}

/** What was held for an operation is released when it is over, however it ends. */
async function executeHeld(args: ExecutionArgs): Promise<ExecutionResult> {
  try {
    return await execute(args);
  } finally {
    heldBy(args).release();
  }
}

async function subscribeHeld(args: ExecutionArgs): ReturnType<typeof subscribe> {
  const { release } = heldBy(args);
  try {
    const result = await subscribe(args);
    if (Symbol.asyncIterator in result) return releasing(result, release);
    release();
    return result;
  } catch (error) {
    release();
    throw error;
  }
}

function heldBy({ contextValue }: ExecutionArgs): HeldOperation {
  return (contextValue as OperationContext).held;
}

function releasing<Value>(
  source: AsyncGenerator<Value, void, void>,
  release: () => void,
): AsyncGenerator<Value, void, void> {
  const stream: AsyncGenerator<Value, void, void> = {
    next: async () => {
      const next = await source.next().catch((error: unknown) => {
        release();
        throw error;
      });
      if (next.done === true) release();
      return next;
    },
    return: () => {
      release();
      return source.return();
    },
    throw: (error) => {
      release();
      return source.throw(error);
    },
    [Symbol.asyncIterator]: () => stream,
    [Symbol.asyncDispose]: async () => void (await stream.return()),
  };
  return stream;
}

function toGraphQLError(error: Error): GraphQLError {
  return error instanceof GraphQLError
    ? error
    : new GraphQLError(error.message, { originalError: error });
}

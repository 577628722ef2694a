/** GraphQL over WebSocket, by the graphql-transport-ws protocol. */
import type { ExecutionArgs, GraphQLSchema } from 'graphql';
import { GraphQLError } from 'graphql';
import { useServer, type Extra } from 'graphql-ws/use/ws';
import type { WebSocketServer } from 'ws';
import { ApiError, ExpiredTokenError } from '../errors.js';
import type { Identity, Viewer } from '../documents/ports.js';
import { createContext, parseBearer } from './create-context.js';
import type { Services } from './context.js';
import type { ToClientError } from './errors.js';
import { asGraphQLError, isDocument, prepare } from './http-door.js';
import { SUBSCRIPTIONS_PER_SOCKET } from './limits.js';

interface Dependencies {
  schema: GraphQLSchema;
  services: Services;
  identity: Identity;
  toClientError: ToClientError;
}

interface Session extends Record<PropertyKey, unknown> {
  viewer?: Viewer;
}

/** Clients don't come back by themselves: they must sign in. */
const CLOSE_UNAUTHENTICATED = 4401;
/** Clients refresh their token and come back. */
const CLOSE_EXPIRED = 4403;
/** Tokens cannot be checked just now, which is no reason to sign anybody out: clients come back. */
const CLOSE_TRY_AGAIN = 1013;
const KEEP_ALIVE_MS = 12_000;
const LONGEST_TIMER_MS = 2_147_483_647;

export function serveGraphqlWebSocket(server: WebSocketServer, dependencies: Dependencies): void {
  const { schema, services, toClientError } = dependencies;
  useServer<Record<string, unknown>, Session>(
    {
      schema,
      onConnect: async ({ connectionParams, extra }) => {
        const viewer = await signIn(dependencies.identity, connectionParams, extra.socket);
        if (viewer === null) return false;
        extra.viewer = viewer;
        closeWhenExpired(viewer, extra.socket);
        return true;
      },
      onSubscribe: ({ extra, subscriptions }, _id, { query, variables, operationName }) => {
        const prepared = prepare(schema, query);
        if (!isDocument(prepared)) return prepared.map((error) => asGraphQLError(toClientError(error)));
        if (Object.keys(subscriptions).length > SUBSCRIPTIONS_PER_SOCKET) return [tooManySubscriptions()];
        return {
          schema,
          document: prepared,
          contextValue: createContext(services, extra.viewer ?? null),
          ...(variables && { variableValues: variables }),
          ...(operationName && { operationName }),
        } satisfies ExecutionArgs;
      },
      onNext: (_context, _id, _payload, _args, result) =>
        result.errors ? { data: result.data ?? null, errors: result.errors.map(toClientError) } : undefined,
      onError: (_context, _id, _payload, errors) => errors.map(toClientError),
    },
    server,
    KEEP_ALIVE_MS,
  );
}

/** The key in any case: GraphiQL sends its header tab as it stands. Null after the socket has been closed with the reason. */
async function signIn(
  identity: Identity,
  parameters: Record<string, unknown> | undefined,
  socket: Extra['socket'],
): Promise<Viewer | null> {
  const [, authorization] = Object.entries(parameters ?? {}).find(([key]) => key.toLowerCase() === 'authorization') ?? [];
  const token = parseBearer(authorization);
  try {
    if (token !== null) return await identity.verify(token);
    socket.close(CLOSE_UNAUTHENTICATED, 'There is no token');
  } catch (error) {
    if (error instanceof ExpiredTokenError) socket.close(CLOSE_EXPIRED, 'The token has expired');
    else if (!isRefusal(error)) socket.close(CLOSE_TRY_AGAIN, 'The token cannot be checked just now');
    else socket.close(CLOSE_UNAUTHENTICATED, 'The token is not valid');
  }
  return null;
}

function isRefusal(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'UNAUTHENTICATED';
}

function closeWhenExpired({ expiresAt }: Viewer, socket: Extra['socket']): void {
  if (expiresAt === null) return;
  const timer = setTimeout(
    () => socket.close(CLOSE_EXPIRED, 'The token has expired'),
    Math.min(expiresAt.getTime() - Date.now(), LONGEST_TIMER_MS),
  );
  socket.once('close', () => clearTimeout(timer));
}

function tooManySubscriptions(): GraphQLError {
  return new GraphQLError(
    `A socket carries ${String(SUBSCRIPTIONS_PER_SOCKET)} subscriptions at most: watch the list instead of each document.`,
    {
      extensions: { code: 'RATE_LIMITED', limit: SUBSCRIPTIONS_PER_SOCKET },
    },
  );
}

/** GraphQL over HTTP: Apollo Server, multipart uploads, and subscriptions over server-sent events at the same address. */
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { expressMiddleware } from '@as-integrations/express5';
import express, { type Request, type Response, type RequestHandler, type Router } from 'express';
import {
  GraphQLError,
  OperationTypeNode,
  parse,
  specifiedRules,
  subscribe,
  validate,
  type DocumentNode,
  type ExecutionArgs,
  type GraphQLSchema,
} from 'graphql';
import type { Response as SseResponse } from 'graphql-sse';
import { createHandler } from 'graphql-sse/lib/use/express';
import type { Identity } from '../documents/ports.js';
import { authenticate, createContext } from './create-context.js';
import type { Context, Services } from './context.js';
import type { ToClientError } from './errors.js';
import { paced } from './paced.js';
import { limitRules, MAX_REQUEST_BYTES, MAX_TOKENS } from './limits.js';
import { receiveUpload, uploadEndedOf } from './receive-upload.js';

interface Dependencies {
  schema: GraphQLSchema;
  services: Services;
  identity: Identity;
  toClientError: ToClientError;
}

export interface HttpDoor {
  router: Router;
  stop(): Promise<void>;
}

export async function createHttpDoor(dependencies: Dependencies): Promise<HttpDoor> {
  const { schema, toClientError } = dependencies;
  const apollo = new ApolloServer<Context>({
    schema,
    introspection: true,
    csrfPrevention: true,
    validationRules: limitRules,
    parseOptions: { maxTokens: MAX_TOKENS },
    formatError: (_formatted, error) => toClientError(error),
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    plugins: [ApolloServerPluginLandingPageDisabled(), refuseSubscriptions],
  });
  await apollo.start();

  const router = express.Router();
  router.use(receiveUpload());
  router.use(express.json({ limit: MAX_REQUEST_BYTES }));
  router.use(serverSentEvents(dependencies));
  router.use(expressMiddleware(apollo, { context: ({ req }) => contextOf(dependencies, req) }));
  return { router, stop: () => apollo.stop() };
}

async function contextOf({ services, identity }: Dependencies, request: Request): Promise<Context> {
  const { viewer, refusal } = await authenticate(identity, request.headers.authorization);
  const uploadEnded = uploadEndedOf(request);
  return createContext(services, viewer, { refusal, ...(uploadEnded && { uploadEnded }) });
}

/** Over plain HTTP there is one answer, and a subscription has none. */
const refuseSubscriptions: ApolloServerPlugin<Context> = {
  requestDidStart: () =>
    Promise.resolve({
      didResolveOperation: ({ operation }) => {
        if (operation?.operation !== OperationTypeNode.SUBSCRIPTION) return Promise.resolve();
        const message = 'A subscription needs a WebSocket, or POST with the header Accept: text/event-stream.';
        throw new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } } });
      },
    }),
};

/** Distinct connections mode: one POST, one stream of events. A JSON body is asked for, so a foreign page cannot send one without a preflight. */
function serverSentEvents(dependencies: Dependencies): RequestHandler {
  const { schema, toClientError } = dependencies;
  const handler = createHandler<Record<string, unknown>>({
    schema,
    // Distinct connections only: the token of the other mode would be looked up among streams that there are none of.
    authenticate: () => null,
    subscribe: async (args) => {
      const result = await subscribe(args);
      const { response } = args.contextValue as { response: Response };
      return Symbol.asyncIterator in result ? paced(result, response) : result;
    },
    onSubscribe: async (request, { query, variables, operationName }) => {
      const prepared = prepare(schema, query);
      if (!isDocument(prepared)) return refusal(prepared.map(toClientError));
      // A copy, since the library wants an open record.
      const contextValue = { ...(await contextOf(dependencies, request.raw)), response: request.context.res };
      return {
        schema,
        document: prepared,
        contextValue,
        ...(variables && { variableValues: variables }),
        ...(operationName !== undefined && { operationName }),
      } satisfies ExecutionArgs;
    },
    onNext: (_context, _request, result) =>
      result.errors ? { ...result, errors: result.errors.map((error) => asGraphQLError(toClientError(error))) } : result,
  });
  return (request, response, next) => {
    const best = request.method === 'POST' && request.accepts(['application/json', 'text/event-stream']);
    if (best !== 'text/event-stream') return next();
    // The library takes the header to the letter, also where it names more than this.
    request.headers.accept = best;
    if (!request.is('application/json'))
      return void response.status(415).json({ errors: [{ message: 'Send a JSON body.', extensions: { code: 'BAD_USER_INPUT' } }] });
    return void handler(request, response).catch(next);
  };
}

/** As over plain HTTP: a document that cannot run is refused with 400, not with an event. */
function refusal(errors: ReturnType<ToClientError>[]): SseResponse {
  return [
    JSON.stringify({ errors }),
    { status: 400, statusText: 'Bad Request', headers: { 'content-type': 'application/json; charset=utf-8' } },
  ];
}

/** The document, or why it is none. */
export function prepare(schema: GraphQLSchema, query: string | DocumentNode): DocumentNode | readonly GraphQLError[] {
  try {
    const document = typeof query === 'string' ? parse(query, { maxTokens: MAX_TOKENS }) : query;
    const errors = validate(schema, document, [...specifiedRules, ...limitRules]);
    return errors.length > 0 ? errors : document;
  } catch (error) {
    if (error instanceof GraphQLError) return [new GraphQLError(error.message, { extensions: { code: 'GRAPHQL_PARSE_FAILED' } })];
    throw error;
  }
}

export function isDocument(prepared: ReturnType<typeof prepare>): prepared is DocumentNode {
  return 'kind' in prepared;
}

export function asGraphQLError({ message, path, extensions }: ReturnType<ToClientError>): GraphQLError {
  return new GraphQLError(message, { ...(path && { path }), ...(extensions && { extensions }) });
}

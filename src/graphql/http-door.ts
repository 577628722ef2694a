/** GraphQL over HTTP: Apollo Server, multipart uploads, and subscriptions over server-sent events at the same address. */
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { expressMiddleware } from '@as-integrations/express5';
import express, { type Request, type RequestHandler, type Router } from 'express';
import { GraphQLError, parse, specifiedRules, validate, type DocumentNode, type ExecutionArgs, type GraphQLSchema } from 'graphql';
import type { Response as SseResponse } from 'graphql-sse';
import { createHandler } from 'graphql-sse/lib/use/express';
import type { Identity } from '../documents/ports.js';
import { authenticate, createContext } from './create-context.js';
import type { Context, Services } from './context.js';
import type { ToClientError } from './errors.js';
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
    plugins: [ApolloServerPluginLandingPageDisabled()],
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

/** Distinct connections mode: one POST, one stream of events. A JSON body is asked for, so a foreign page cannot send one without a preflight. */
function serverSentEvents(dependencies: Dependencies): RequestHandler {
  const { schema, toClientError } = dependencies;
  const handler = createHandler({
    schema,
    onSubscribe: async (request, { query, variables, operationName }) => {
      const prepared = prepare(schema, query);
      if (!isDocument(prepared)) return refusal(prepared.map(toClientError));
      // A copy, since the library wants an open record.
      const contextValue = { ...(await contextOf(dependencies, request.raw)) };
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
    const wantsEvents = request.method === 'POST' && (request.headers.accept ?? '').includes('text/event-stream');
    if (!wantsEvents) return next();
    if (!request.is('application/json'))
      return void response.status(415).json({ errors: [{ message: 'Send a JSON body.', extensions: { code: 'BAD_REQUEST' } }] });
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

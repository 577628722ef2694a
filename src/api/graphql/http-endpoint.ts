/**
 * GraphQL over HTTP at one path: Apollo Server, multipart uploads, and server-sent events.
 *
 *     token, limits ─► body ─► text and shape ─► validation ─► cost ─► execution
 */
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { expressMiddleware } from '@as-integrations/express5';
import express, { type Request, type RequestHandler, type Router } from 'express';
import { GraphQLError, OperationTypeNode, type GraphQLSchema } from 'graphql';
import { ApiError } from '../../errors.js';
import type { Identity } from '../../documents/ports.js';
import { createClientLimits, type ClientLimits } from '../../rate-limit/client-limits.js';
import { admitRequest, admittedOf } from './admit-request.js';
import {
  createOperationCheck,
  isDocument,
  validationRules,
  type OperationCheck,
  type OperationRequest,
} from './check-operation.js';
import { createContext } from './create-context.js';
import type { Context, Services } from './context.js';
import type { ToClientError } from './errors.js';
import { isRecord } from './is-record.js';
import { MAX_ERRORS, MAX_REQUEST_BYTES, MAX_TOKENS } from './limits.js';
import { receiveUpload, uploadEndedOf } from './receive-upload.js';
import { serveEventStreams } from './sse-endpoint.js';

interface Dependencies {
  schema: GraphQLSchema;
  services: Services;
  identity: Identity;
  toClientError: ToClientError;
  /** Default: limits of this endpoint alone. */
  limits?: ClientLimits;
}

export interface HttpEndpoint {
  router: Router;
  stop(): Promise<void>;
}

export async function createHttpEndpoint({
  limits = createClientLimits(),
  ...dependencies
}: Dependencies): Promise<HttpEndpoint> {
  const { schema, services, identity, toClientError } = dependencies;
  const check = createOperationCheck(schema);
  const apollo = new ApolloServer<Context>({
    schema,
    introspection: true,
    csrfPrevention: true,
    validationRules,
    validationOptions: { maxErrors: MAX_ERRORS },
    parseOptions: { maxTokens: MAX_TOKENS },
    formatError: (_formatted, error) => toClientError(error),
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    // Anybody could fill the cache of documents. Clients then send the whole document instead.
    persistedQueries: false,
    plugins: [ApolloServerPluginLandingPageDisabled(), rejectSubscriptions, limitErrors],
  });
  await apollo.start();

  const router = express.Router();
  router.use(admitRequest({ identity, limits }));
  router.use(receiveUpload());
  router.use(express.json({ limit: MAX_REQUEST_BYTES }));
  router.use(checkOperation(check, toClientError));
  router.use(serveEventStreams({ services, toClientError, limits, check, schema }));
  router.use(
    expressMiddleware(apollo, { context: ({ req }) => Promise.resolve(toContext(services, req)) }),
  );
  return { router, stop: () => apollo.stop() };
}

function toContext(services: Services, request: Request): Context {
  const { signal, ...authentication } = admittedOf(request);
  return createContext(services, authentication, { signal, uploadEnded: uploadEndedOf(request) });
}

/**
 * Checks every operation before Apollo Server sees it: some validation rules of GraphQL throw on an
 * invalid document, which Apollo Server reports as an internal error. Apollo Server itself rejects
 * a body without an operation, and variables that are not an object.
 */
function checkOperation(check: OperationCheck, toClientError: ToClientError): RequestHandler {
  return (request, response, next) => {
    const operation =
      request.method === 'GET' ? parseUrlOperation(request) : toOperation(request.body);
    const checked = operation && check.check(operation);
    if (!checked || isDocument(checked)) return next();
    const [error] = checked;
    if (error instanceof ApiError) return next(error);
    const type =
      request.accepts(['application/json', 'application/graphql-response+json']) ||
      'application/json';
    response
      .status(400)
      .type(type)
      .send(JSON.stringify({ errors: checked.map(toClientError) }));
  };
}

function toOperation(body: unknown): OperationRequest | null {
  const { query, variables, operationName } = isRecord(body) ? body : {};
  if (typeof query !== 'string') return null;
  return {
    query,
    ...(isRecord(variables) && { variables }),
    ...(typeof operationName === 'string' && { operationName }),
  };
}

/**
 * Reads the operation of a GET request, whose variables are JSON. Replaces the query string by the
 * one that was read: Apollo Server parses the URL in another way (`#` ends its query string), and
 * must not execute an operation other than the one that is checked here.
 */
function parseUrlOperation(request: Request): OperationRequest | null {
  const [path = '/', ...query] = request.url.split('?');
  const parameters = new URLSearchParams(query.join('?'));
  request.url = `${path}?${parameters.toString()}`;
  const { variables, ...operation } = Object.fromEntries(parameters);
  try {
    return toOperation({
      ...operation,
      variables: variables === undefined ? undefined : (JSON.parse(variables) as unknown),
    });
  } catch {
    return toOperation(operation);
  }
}

/** Rejects subscriptions, because a plain HTTP request has one response. */
const rejectSubscriptions: ApolloServerPlugin<Context> = {
  requestDidStart: () =>
    Promise.resolve({
      didResolveOperation: ({ operation }) => {
        if (operation?.operation !== OperationTypeNode.SUBSCRIPTION) return Promise.resolve();
        const message =
          'A subscription requires a WebSocket, or POST with the header Accept: text/event-stream.';
        throw new GraphQLError(message, {
          extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } },
        });
      },
    }),
};

const limitErrors: ApolloServerPlugin<Context> = {
  requestDidStart: () =>
    Promise.resolve({
      willSendResponse: ({ response: { body } }) => {
        if (body.kind === 'single' && body.singleResult.errors)
          body.singleResult.errors = body.singleResult.errors.slice(0, MAX_ERRORS);
        return Promise.resolve();
      },
    }),
};

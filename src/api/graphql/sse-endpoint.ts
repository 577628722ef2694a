/** Operations over server-sent events, in distinct connections mode: one POST, one stream. */
import type { Response, RequestHandler } from 'express';
import {
  getOperationAST,
  GraphQLError,
  subscribe,
  type ExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import type { OperationArgs, Response as SseResponse } from 'graphql-sse';
import { createHandler } from 'graphql-sse/lib/use/express';
import { ApiError } from '../../errors.js';
import { releaseWith } from '../http/release-with.js';
import { ANONYMOUS, type ClientLimits } from '../../rate-limit/client-limits.js';
import { admittedOf, wantsEventStream, type Admitted } from './admit-request.js';
import {
  isDocument,
  unknownOperation,
  type OperationCheck,
  type OperationRequest,
} from './check-operation.js';
import type { Context, Services } from './context.js';
import { createContext } from './create-context.js';
import { asGraphQLError, type ToClientError } from './errors.js';
import { MAX_ERRORS } from './limits.js';
import { holdOperation, isSubscription } from './hold-operation.js';
import { isRecord } from './is-record.js';
import { withBackpressure } from './sse-backpressure.js';
import { wrapStream } from './wrap-stream.js';

interface Dependencies {
  schema: GraphQLSchema;
  services: Services;
  toClientError: ToClientError;
  limits: ClientLimits;
  check: OperationCheck;
}

interface StreamContext extends Context, Record<PropertyKey, unknown> {
  response: Response;
}

/**
 * Serves requests that accept an event stream. The body must be JSON, so that a foreign page cannot
 * send one without a preflight request.
 */
export function serveEventStreams(dependencies: Dependencies): RequestHandler {
  const { toClientError } = dependencies;
  const handler = createHandler<StreamContext>({
    schema: dependencies.schema,
    // No token of the library's single connection mode, which is not supported.
    authenticate: () => null,
    subscribe: async (args) => {
      const result = await subscribe(args);
      const { response, signal } = args.contextValue;
      return Symbol.asyncIterator in result
        ? withBackpressure(endOnAbort(signal, result), response)
        : result;
    },
    onSubscribe: async (request, operation) =>
      prepare(dependencies, admittedOf(request.raw), request.context.res, operation),
    onNext: (_context, _request, result) => limitErrors(result, toClientError),
  });
  return (request, response, next) => {
    if (!wantsEventStream(request)) return next();
    // The library compares the whole header, which may name further types.
    request.headers.accept = 'text/event-stream';
    if (!request.is('application/json')) {
      const message = 'The body must be JSON; send Content-Type: application/json.';
      response.status(415).json({ errors: [{ message, extensions: { code: 'BAD_USER_INPUT' } }] });
      return;
    }
    const field = findInvalidField(request.body);
    if (field !== null)
      return next(
        new ApiError('BAD_USER_INPUT', `${field} is missing or has the wrong type.`, { field }),
      );
    handler(request, response).catch(next);
  };
}

function limitErrors<Result extends Pick<ExecutionResult, 'errors'>>(
  result: Result,
  toClientError: ToClientError,
): Result {
  if (!result.errors) return result;
  const errors = result.errors
    .slice(0, MAX_ERRORS)
    .map((error) => asGraphQLError(toClientError(error)));
  return { ...result, errors };
}

/** Returns the name of the first invalid field, or null. The library rejects it without a code. */
function findInvalidField(body: unknown): string | null {
  if (!isRecord(body)) return 'query';
  const { query, variables, operationName, extensions } = body;
  if (typeof query !== 'string') return 'query';
  if (typeof (operationName ?? '') !== 'string') return 'operationName';
  if (!isRecord(variables ?? {})) return 'variables';
  return isRecord(extensions ?? {}) ? null : 'extensions';
}

async function prepare(
  { schema, services, limits, check, toClientError }: Dependencies,
  { signal, ...authentication }: Admitted,
  response: Response,
  { query, variables, operationName }: { query: unknown } & Omit<OperationRequest, 'query'>,
): Promise<OperationArgs<StreamContext> | SseResponse> {
  const document = check.check({ query: query as string, variables, operationName });
  if (!isDocument(document)) return toRejection(document.map(toClientError));
  if (!getOperationAST(document, operationName))
    return toRejection([toClientError(unknownOperation())]);
  const owner = authentication.viewer?.id ?? ANONYMOUS;
  releaseWith(response, limits.connections.take(owner));
  const held = await holdOperation(limits, {
    owner,
    signal,
    isSubscription: isSubscription(document, operationName),
  });
  releaseWith(response, held.release);
  // A copy, because the type of the library requires an index signature.
  const contextValue = {
    ...createContext(services, authentication, { signal: held.signal }),
    response,
  };
  return {
    schema,
    document,
    contextValue,
    ...(variables && { variableValues: variables }),
    ...(operationName && { operationName }),
  };
}

/** Rejects a document that cannot run with 400, as over plain HTTP, and not with an event. */
function toRejection(errors: ReturnType<ToClientError>[]): SseResponse {
  return [
    JSON.stringify({ errors }),
    {
      status: 400,
      statusText: 'Bad Request',
      headers: { 'content-type': 'application/json; charset=utf-8' },
    },
  ];
}

/**
 * Returns a stream that ends when the signal aborts. If the reason is one that a client can act on,
 * such as an expired token, the reason is the last result.
 */
function endOnAbort(
  signal: AbortSignal,
  source: AsyncGenerator<ExecutionResult, void, void>,
): AsyncGenerator<ExecutionResult, void, void> {
  const aborted = Promise.withResolvers<'aborted'>();
  const abort = (): void => aborted.resolve('aborted');
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  let hasEnded = false;

  async function next(): Promise<IteratorResult<ExecutionResult, void>> {
    if (hasEnded) return { done: true, value: undefined };
    const result = await Promise.race([source.next(), aborted.promise]);
    if (result !== 'aborted') return result;
    hasEnded = true;
    void source.return();
    return toLastResult(signal.reason);
  }

  return wrapStream(source, { next, onEnd: () => signal.removeEventListener('abort', abort) });
}

function toLastResult(reason: unknown): IteratorResult<ExecutionResult, void> {
  if (!(reason instanceof ApiError)) return { done: true, value: undefined };
  return {
    done: false,
    value: { errors: [new GraphQLError(reason.message, { originalError: reason })] },
  };
}

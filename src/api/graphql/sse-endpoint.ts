/** Subscriptions over server-sent events: distinct connections mode, one POST and one stream. */
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
import { isDocument, type OperationCheck, type OperationRequest } from './check-operation.js';
import type { Context, Services } from './context.js';
import { createContext } from './create-context.js';
import { asGraphQLError, type ToClientError } from './errors.js';
import { MAX_ERRORS } from './limits.js';
import { holdOperation, isSubscription } from './hold-operation.js';
import { withBackpressure } from './sse-backpressure.js';

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

/** A JSON body is asked for, so a foreign page cannot send one without a preflight. */
export function serveEventStreams(dependencies: Dependencies): RequestHandler {
  const { toClientError } = dependencies;
  const handler = createHandler<StreamContext>({
    schema: dependencies.schema,
    // Distinct connections only: the token of the other mode would be looked up among streams that
    // there are none of.
    authenticate: () => null,
    subscribe: async (args) => {
      const result = await subscribe(args);
      const { response, signal } = args.contextValue;
      return Symbol.asyncIterator in result
        ? withBackpressure(endingWith(signal, result), response)
        : result;
    },
    onSubscribe: async (request, operation) =>
      prepare(dependencies, admittedOf(request.raw), request.context.res, operation),
    onNext: (_context, _request, result) =>
      result.errors
        ? {
            ...result,
            errors: result.errors
              .slice(0, MAX_ERRORS)
              .map((error) => asGraphQLError(toClientError(error))),
          }
        : result,
  });
  return (request, response, next) => {
    if (!wantsEventStream(request)) return next();
    // The library takes the header to the letter, also where it names more than this.
    request.headers.accept = 'text/event-stream';
    if (!request.is('application/json'))
      return void response.status(415).json({
        errors: [{ message: 'Send a JSON body.', extensions: { code: 'BAD_USER_INPUT' } }],
      });
    const field = wrongField(request.body);
    if (field !== null)
      return next(
        new ApiError('BAD_USER_INPUT', `${field} is missing or has the wrong type.`, { field }),
      );
    return void handler(request, response).catch(next);
  };
}

/** The library refuses these as well, but without a code. */
function wrongField(body: unknown): string | null {
  if (!isRecord(body)) return 'query';
  const { query, variables, operationName, extensions } = body;
  if (typeof query !== 'string') return 'query';
  if (typeof (operationName ?? '') !== 'string') return 'operationName';
  if (!isRecord(variables ?? {})) return 'variables';
  return isRecord(extensions ?? {}) ? null : 'extensions';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function prepare(
  { schema, services, limits, check, toClientError }: Dependencies,
  { signal, ...authentication }: Admitted,
  response: Response,
  { query, variables, operationName }: { query: unknown } & Omit<OperationRequest, 'query'>,
): Promise<OperationArgs<StreamContext> | SseResponse> {
  const document = check.check({ query: query as string, variables, operationName });
  if (!isDocument(document)) return refusal(document.map(toClientError));
  if (!getOperationAST(document, operationName))
    return refusal([toClientError(unknownOperation())]);
  const owner = authentication.viewer?.id ?? ANONYMOUS;
  releaseWith(response, limits.connections.take(owner));
  const held = await holdOperation(limits, {
    owner,
    signal,
    isSubscription: isSubscription(document, operationName),
  });
  releaseWith(response, held.release);
  // A copy, since the library wants an open record.
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

function unknownOperation(): ApiError {
  return new ApiError('BAD_USER_INPUT', 'operationName must name one of the operations.', {
    field: 'operationName',
  });
}

/** As over plain HTTP: a document that cannot run is refused with 400, not with an event. */
function refusal(errors: ReturnType<ToClientError>[]): SseResponse {
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
 * The stream ends when the signal aborts; where that has a reason that a client can act on, such as
 * an expired token, the reason is the last result.
 */
function endingWith(
  signal: AbortSignal,
  source: AsyncGenerator<ExecutionResult, void, void>,
): AsyncGenerator<ExecutionResult, void, void> {
  const aborted = Promise.withResolvers<'aborted'>();
  const abort = (): void => aborted.resolve('aborted');
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  let ended = false;

  async function end(): Promise<IteratorResult<ExecutionResult, void>> {
    ended = true;
    void source.return();
    const reason: unknown = signal.reason;
    if (!(reason instanceof ApiError)) return { done: true, value: undefined };
    return {
      done: false,
      value: { errors: [new GraphQLError(reason.message, { originalError: reason })] },
    };
  }

  const stream: AsyncGenerator<ExecutionResult, void, void> = {
    next: async () => {
      if (ended) return { done: true, value: undefined };
      const next = await Promise.race([source.next(), aborted.promise]);
      return next === 'aborted' ? end() : next;
    },
    return: () => {
      signal.removeEventListener('abort', abort);
      return source.return();
    },
    throw: (error) => source.throw(error),
    [Symbol.asyncIterator]: () => stream,
    [Symbol.asyncDispose]: async () => void (await stream.return()),
  };
  return stream;
}

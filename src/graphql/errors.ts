/** The one place where an error becomes an answer, the same on HTTP, SSE and WebSocket. */
import { randomUUID } from 'node:crypto';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { ApiError } from '../errors.js';
import type { Logger } from '../runtime/logger.js';

export type ToClientError = (error: unknown) => GraphQLFormattedError;

/** An ApiError answers its own code; GraphQL's own errors keep theirs; anything else is a bug: logged under an id, and only the id is told. */
export function createToClientError(logger: Logger): ToClientError {
  return (error) => {
    const original = unwrap(error);
    const place =
      error instanceof GraphQLError
        ? { ...(error.locations && { locations: error.locations }), ...(error.path && { path: error.path }) }
        : {};
    if (original instanceof ApiError) {
      return { message: original.message, ...place, extensions: { code: original.code, ...original.details } };
    }
    if (original instanceof GraphQLError) return { message: original.message, ...place, extensions: { code: codeOf(error, original) } };
    const errorId = randomUUID();
    logger.error({ err: original, errorId }, 'a request met a bug');
    return {
      message: 'Something went wrong on our side. The id names it in the log.',
      ...place,
      extensions: { code: 'INTERNAL_SERVER_ERROR', errorId },
    };
  };
}

/** A resolver's error stands inside the one that GraphQL makes of it. */
function unwrap(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? unwrap(error.originalError) : error;
}

/** Apollo Server says what kind it is on the error that it wraps around GraphQL's own. */
function codeOf(error: unknown, original: GraphQLError): string {
  const codes = [error, original].map((one) => (one instanceof GraphQLError ? one.extensions['code'] : undefined));
  const code = codes.find((one) => typeof one === 'string' && one !== 'INTERNAL_SERVER_ERROR');
  return typeof code === 'string' ? code : original.path ? 'BAD_USER_INPUT' : 'GRAPHQL_VALIDATION_FAILED';
}

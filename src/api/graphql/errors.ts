/** The one place where an error becomes an answer, the same on HTTP, SSE and WebSocket. */
import { randomUUID } from 'node:crypto';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { ApiError } from '../../errors.js';
import type { Logger } from '../../runtime/logger.js';
import { MAX_ECHO_LENGTH } from './limits.js';

export type ToClientError = (error: unknown) => GraphQLFormattedError;

/**
 * An ApiError keeps its code, GraphQL's own errors keep theirs; anything else is a bug, which is
 * logged under an id, and the client gets only the id. What a client's own words add to a message
 * is cut.
 */
export function createToClientError(logger: Logger): ToClientError {
  return (error) => {
    const original = unwrap(error);
    const place =
      error instanceof GraphQLError
        ? {
            ...(error.locations && { locations: error.locations }),
            ...(error.path && { path: error.path }),
          }
        : {};
    if (original instanceof ApiError) {
      return {
        message: shorten(original.message),
        ...place,
        extensions: { code: original.code, ...original.details },
      };
    }
    if (original instanceof GraphQLError) {
      return {
        message: shorten(original.message),
        ...place,
        extensions: { code: codeOf(error, original), ...detailsOf(original) },
      };
    }
    const errorId = randomUUID();
    logger.error({ err: original, errorId }, 'unhandled error while serving a request');
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

/**
 * Apollo Server's own code for an operationName that names none of the operations, or is left out
 * beside several.
 */
const OPERATION_UNKNOWN = 'OPERATION_RESOLUTION_FAILURE';

/** Apollo Server says what kind it is on the error that it wraps around GraphQL's own. */
function codeOf(error: unknown, original: GraphQLError): string {
  const codes = [error, original].map((one) =>
    one instanceof GraphQLError ? one.extensions['code'] : undefined,
  );
  const code = codes.find((one) => typeof one === 'string' && one !== 'INTERNAL_SERVER_ERROR');
  if (code === OPERATION_UNKNOWN) return 'BAD_USER_INPUT';
  return typeof code === 'string'
    ? code
    : original.path
      ? 'BAD_USER_INPUT'
      : 'GRAPHQL_VALIDATION_FAILED';
}

const MAX_MESSAGE_LENGTH = 500;
const LONG_WORD = new RegExp(`(\\S{${MAX_ECHO_LENGTH}})\\S+`, 'g');

/** GraphQL's messages quote names and values of the document, however long they are. */
function shorten(message: string): string {
  return message
    .slice(0, 2 * MAX_MESSAGE_LENGTH)
    .replace(LONG_WORD, '$1…')
    .slice(0, MAX_MESSAGE_LENGTH);
}

/** Beside the code: what stands on our own errors of a document. */
function detailsOf({ extensions: { limit, field } }: GraphQLError): {
  limit?: number;
  field?: string;
} {
  return {
    ...(typeof limit === 'number' && { limit }),
    ...(typeof field === 'string' && { field }),
  };
}

/** For libraries that take errors of their own class only. */
export function asGraphQLError({
  message,
  path,
  extensions,
}: ReturnType<ToClientError>): GraphQLError {
  return new GraphQLError(message, { ...(path && { path }), ...(extensions && { extensions }) });
}

/** The errors of GraphQL responses, the same over HTTP, SSE and WebSocket. */
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { ApiError } from '../../errors.js';
import { toInternalError } from '../http/errors.js';
import type { Logger } from '../../runtime/logger.js';
import { MAX_ECHO_LENGTH } from './limits.js';

export type ToClientError = (error: unknown) => GraphQLFormattedError;

/**
 * Returns a function that formats an error. An ApiError and an error of GraphQL keep their code.
 * Anything else is a bug: it is logged, and the client receives its id. Long messages are cut.
 */
export function createToClientError(logger: Logger): ToClientError {
  return (error) => {
    const original = unwrap(error);
    const { message, extensions } =
      original instanceof GraphQLError
        ? describeGraphQLError(error, original)
        : describeApiError(
            original instanceof ApiError ? original : toInternalError(original, logger),
          );
    return { message: shorten(message), ...locationOf(error), extensions };
  };
}

interface Description {
  message: string;
  extensions: Record<string, unknown>;
}

function describeApiError({ message, code, details }: ApiError): Description {
  return { message, extensions: { code, ...details } };
}

function describeGraphQLError(error: unknown, original: GraphQLError): Description {
  const extensions = { code: codeOf(error, original), ...detailsOf(original) };
  return { message: original.message, extensions };
}

function locationOf(error: unknown): Pick<GraphQLFormattedError, 'locations' | 'path'> {
  if (!(error instanceof GraphQLError)) return {};
  return {
    ...(error.locations && { locations: error.locations }),
    ...(error.path && { path: error.path }),
  };
}

/** Returns the error of a resolver, which GraphQL wraps in an error of its own. */
function unwrap(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? unwrap(error.originalError) : error;
}

/**
 * Apollo Server's code for an operationName that is unknown, or missing although it is required.
 */
const OPERATION_UNKNOWN = 'OPERATION_RESOLUTION_FAILURE';

/** Reads the code of both errors: Apollo Server sets it on its wrapper around GraphQL's error. */
function codeOf(error: unknown, original: GraphQLError): string {
  const codes = [error, original].map((candidate) =>
    candidate instanceof GraphQLError ? candidate.extensions['code'] : undefined,
  );
  const code = codes.find(
    (candidate) => typeof candidate === 'string' && candidate !== 'INTERNAL_SERVER_ERROR',
  );
  if (code === OPERATION_UNKNOWN) return 'BAD_USER_INPUT';
  if (typeof code === 'string') return code;
  return original.path ? 'BAD_USER_INPUT' : 'GRAPHQL_VALIDATION_FAILED';
}

const MAX_MESSAGE_LENGTH = 500;
const LONG_WORD = new RegExp(`(\\S{${MAX_ECHO_LENGTH}})\\S+`, 'g');

/** Cuts a message of GraphQL, which quotes names and values of the document at any length. */
function shorten(message: string): string {
  return message
    .slice(0, 2 * MAX_MESSAGE_LENGTH)
    .replace(LONG_WORD, '$1…')
    .slice(0, MAX_MESSAGE_LENGTH);
}

/** Returns the details that the checks of this folder set beside the code. */
function detailsOf({ extensions: { limit, field } }: GraphQLError): {
  limit?: number;
  field?: string;
} {
  return {
    ...(typeof limit === 'number' && { limit }),
    ...(typeof field === 'string' && { field }),
  };
}

/** Returns the error as a GraphQLError, for libraries that accept only that class. */
export function asGraphQLError({
  message,
  path,
  extensions,
}: ReturnType<ToClientError>): GraphQLError {
  return new GraphQLError(message, { ...(path && { path }), ...(extensions && { extensions }) });
}

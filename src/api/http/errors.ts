import { randomUUID } from 'node:crypto';
import type { ErrorRequestHandler, Request, Response } from 'express';
import { ApiError } from '../../errors.js';
import type { Logger } from '../../runtime/logger.js';
import { drain } from './drain.js';

/** Returns the body of an error response: the code, the message and the details of the code. */
export function toErrorBody(error: ApiError): { error: object } {
  return { error: { code: error.code, message: error.message, ...error.details } };
}

/**
 * Returns an ApiError as it is, and turns an error of the body parser into a fault of the client.
 * Anything else is a bug: it is logged, and the client receives its id.
 */
export function toApiError(error: unknown, logger: Logger): ApiError {
  if (error instanceof ApiError) return error;
  const status = numberOf(error, 'status') ?? 500;
  if (status === 413) return tooLarge(error);
  if (status === 404) return new ApiError('NOT_FOUND', 'Not found.', {}, { cause: error });
  if (status >= 400 && status < 500)
    return new ApiError('BAD_USER_INPUT', 'The request is malformed.', {}, { cause: error });
  return toInternalError(error, logger);
}

/** Logs an unexpected error under a new id. Returns the error that a client may see. */
export function toInternalError(error: unknown, logger: Logger): ApiError {
  const errorId = randomUUID();
  logger.error({ err: error, errorId }, 'unhandled error while serving a request');
  return new ApiError(
    'INTERNAL_SERVER_ERROR',
    'An internal error occurred. Try again; if it persists, give errorId to your administrator.',
    { errorId },
    { cause: error },
  );
}

function tooLarge(cause: unknown): ApiError {
  const limit = numberOf(cause, 'limit');
  const message =
    limit === undefined
      ? 'The request is too large.'
      : `The request exceeds the limit of ${limit / 1024} KiB.`;
  return new ApiError('REQUEST_TOO_LARGE', message, limit === undefined ? {} : { limit }, {
    cause,
  });
}

function numberOf(error: unknown, key: 'status' | 'limit'): number | undefined {
  const value =
    typeof error === 'object' && error !== null
      ? (error as Record<string, unknown>)[key]
      : undefined;
  return typeof value === 'number' ? value : undefined;
}

/** Responds with the error. At /graphql, the code is in `extensions`, as GraphQL clients expect. */
export function createErrorHandler(logger: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (isDisconnected(request)) {
      logger.debug({ err: error }, 'client disconnected before its request was served');
      return;
    }
    const apiError = toApiError(error, logger);
    if (response.headersSent) return next(error);
    setHeaders(apiError, request, response);
    response.once('finish', () => drain(request));
    const isGraphQL = request.originalUrl.startsWith('/graphql');
    response
      .status(apiError.httpStatus)
      .json(isGraphQL ? toGraphQLBody(apiError) : toErrorBody(apiError));
  };
}

function toGraphQLBody({ code, message, details }: ApiError): object {
  return { errors: [{ message, extensions: { code, ...details } }] };
}

function isDisconnected(request: Request): boolean {
  return request.socket.destroyed || (request.destroyed && !request.complete);
}

function setHeaders({ httpStatus, details }: ApiError, request: Request, response: Response): void {
  if (details.retryAfterSeconds !== undefined)
    response.set('Retry-After', String(details.retryAfterSeconds));
  if (httpStatus === 401) response.set('WWW-Authenticate', toChallenge(request));
}

/** Returns the challenge of RFC 6750, which names a rejected token as the reason. */
function toChallenge({ headers }: Request): string {
  return headers.authorization === undefined ? 'Bearer' : 'Bearer error="invalid_token"';
}

import { randomUUID } from 'node:crypto';
import type { ErrorRequestHandler, Request, Response } from 'express';
import { ApiError } from '../../errors.js';
import type { Logger } from '../../runtime/logger.js';
import { drain } from './drain.js';

/** The body of every error response: the code and, beside it, whatever the code comes with. */
export function toErrorBody(error: ApiError): { error: object } {
  return { error: { code: error.code, message: error.message, ...error.details } };
}

/**
 * Errors thrown on purpose keep their code; those of the body parser are the client's; anything
 * else is a bug with an id.
 */
export function toApiError(error: unknown, logger: Logger): ApiError {
  if (error instanceof ApiError) return error;
  const status = numberOf(error, 'status') ?? 500;
  if (status === 413) return tooLarge(error);
  if (status === 404) return new ApiError('NOT_FOUND', 'Not found.', {}, { cause: error });
  if (status >= 400 && status < 500)
    return new ApiError('BAD_USER_INPUT', 'The request cannot be read.', {}, { cause: error });
  const errorId = randomUUID();
  logger.error({ err: error, errorId }, 'unhandled error while serving a request');
  return new ApiError(
    'INTERNAL_SERVER_ERROR',
    'Something went wrong on our side. The id names it in the log.',
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

/** At /graphql the same code stands where GraphQL clients look for it. */
export function createErrorHandler(logger: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    // No client is left to respond to, and its leaving is not a bug.
    if (isGone(request))
      return void logger.debug({ err: error }, 'the client left before its request was served');
    const apiError = toApiError(error, logger);
    if (response.headersSent) return next(error);
    setHeaders(apiError, request, response);
    response.once('finish', () => drain(request));
    if (!request.originalUrl.startsWith('/graphql'))
      return void response.status(apiError.httpStatus).json(toErrorBody(apiError));
    const extensions = { code: apiError.code, ...apiError.details };
    return void response
      .status(apiError.httpStatus)
      .json({ errors: [{ message: apiError.message, extensions }] });
  };
}

function isGone(request: Request): boolean {
  return request.socket.destroyed || (request.destroyed && !request.complete);
}

function setHeaders({ httpStatus, details }: ApiError, request: Request, response: Response): void {
  if (details.retryAfterSeconds !== undefined)
    response.set('Retry-After', String(details.retryAfterSeconds));
  if (httpStatus === 401) response.set('WWW-Authenticate', challenge(request));
}

/** By RFC 6750: a token that came and was refused is named as the reason. */
function challenge({ headers }: Request): string {
  return headers.authorization === undefined ? 'Bearer' : 'Bearer error="invalid_token"';
}

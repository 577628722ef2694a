import { randomUUID } from 'node:crypto';
import type { ErrorRequestHandler } from 'express';
import { ApiError } from '../errors.js';
import type { Logger } from '../runtime/logger.js';

/** The body of every answer that is no success: the code and, beside it, whatever the code comes with. */
export function toErrorBody(error: ApiError): { error: object } {
  return { error: { code: error.code, message: error.message, ...error.details } };
}

/** Errors thrown on purpose answer their own code; those of the body parser are the client's; anything else is a bug with an id. */
export function toApiError(error: unknown, logger: Logger): ApiError {
  if (error instanceof ApiError) return error;
  const status = statusOf(error);
  if (status === 413) return new ApiError('REQUEST_TOO_LARGE', 'The request is too large.', {}, { cause: error });
  if (status === 404) return new ApiError('NOT_FOUND', 'There is nothing at this address.', {}, { cause: error });
  if (status >= 400 && status < 500) return new ApiError('BAD_USER_INPUT', 'The request cannot be read.', {}, { cause: error });
  const errorId = randomUUID();
  logger.error({ err: error, errorId }, 'a request met a bug');
  return new ApiError(
    'INTERNAL_SERVER_ERROR',
    'Something went wrong on our side. The id names it in the log.',
    { errorId },
    { cause: error },
  );
}

function statusOf(error: unknown): number {
  return typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number' ? error.status : 500;
}

/** At /graphql the same code stands where GraphQL clients look for it. */
export function createErrorHandler(logger: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const apiError = toApiError(error, logger);
    if (response.headersSent) return next(error);
    const status = apiError.httpStatus;
    if (apiError.details.retryAfterSeconds !== undefined) response.set('Retry-After', String(apiError.details.retryAfterSeconds));
    if (!request.originalUrl.startsWith('/graphql')) return void response.status(status).json(toErrorBody(apiError));
    const extensions = { code: apiError.code, ...apiError.details };
    return void response.status(status).json({ errors: [{ message: apiError.message, extensions }] });
  };
}

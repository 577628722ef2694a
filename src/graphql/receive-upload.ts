import type { Request, RequestHandler } from 'express';
import { processRequest } from 'graphql-upload-minimal';
import type { Writable } from 'node:stream';
import { ApiError } from '../errors.js';
import { drain } from '../http/drain.js';
import { MAX_REQUEST_BYTES } from './limits.js';

const endings = new WeakMap<Request, Promise<void>>();

/** Settles when the multipart body has been read to its end; rejects when it held more than one file. Undefined for other bodies. */
export function uploadEndedOf(request: Request): Promise<void> | undefined {
  return endings.get(request);
}

/** One file a request, by the GraphQL multipart request specification. How large it may be is the use case's to say. */
export function receiveUpload(): RequestHandler {
  return (request, response, next) => {
    if (!request.is('multipart/form-data')) return next();
    endings.set(request, watchParser(request));
    response.once('finish', () => drain(request));
    processRequest(request, response, { maxFiles: 1, maxFileSize: Infinity, maxFieldSize: MAX_REQUEST_BYTES }).then(
      (body: unknown) => {
        request.body = body;
        next();
      },
      (error: unknown) => next(toApiError(error)),
    );
  };
}

/** The parser is known to nobody but the pipe, and says only there that a second file came after the first had been taken. */
function watchParser(request: Request): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  promise.catch(() => undefined);
  const pipe = request.pipe.bind(request);
  request.pipe = <Destination extends NodeJS.WritableStream>(parser: Destination, options?: { end?: boolean }) => {
    const stream = parser as unknown as Writable;
    stream.once('filesLimit', () => reject(moreThanOneFile()));
    // Not once: a parser that has met an error meets another when it is destroyed, and one that nobody hears ends the process.
    stream.on('error', (error: Error) => reject(brokenBody(error)));
    stream.once('close', resolve);
    return pipe(parser, options);
  };
  return promise;
}

function moreThanOneFile(): ApiError {
  return new ApiError('BAD_USER_INPUT', 'One file a request: send each with an uploadDocument of its own.', { field: 'file' });
}

function brokenBody(cause: unknown): ApiError {
  const why = cause instanceof Error ? cause.message : '';
  return new ApiError('BAD_USER_INPUT', `The multipart body cannot be read. ${why}`.trim(), { field: 'file' }, { cause });
}

function toApiError(error: unknown): ApiError {
  return error instanceof Error && /max file uploads/.test(error.message) ? moreThanOneFile() : brokenBody(error);
}

import type { Request, RequestHandler } from 'express';
import { processRequest } from 'graphql-upload-minimal';
import type { Writable } from 'node:stream';
import { ApiError } from '../../errors.js';
import { drain } from '../http/drain.js';
import { MAX_REQUEST_BYTES } from './limits.js';
import { createMultipartFields } from './multipart-fields.js';

interface Receiving {
  ended: Promise<void>;
  /** Ends the upload with this error, whatever has come of it. */
  abort(error: ApiError): void;
}

const receiving = new WeakMap<Request, Receiving>();

/**
 * Settles when the multipart body has been read to its end; rejects when it held more than one
 * file. Undefined for other bodies.
 */
export function uploadEndedOf(request: Request): Promise<void> | undefined {
  return receiving.get(request)?.ended;
}

/**
 * Ends the upload of a request, if there is one: its pace is too slow, or the token of its user has
 * expired.
 */
export function abortUpload(request: Request, error: ApiError): void {
  receiving.get(request)?.abort(error);
}

/**
 * One file a request, by the GraphQL multipart request specification. The use case decides how
 * large it may be.
 */
export function receiveUpload(): RequestHandler {
  return (request, response, next) => {
    if (!request.is('multipart/form-data')) return next();
    receiving.set(request, watchParser(request));
    response.once('finish', () => drain(request));
    processRequest(request, response, {
      maxFiles: 1,
      maxFileSize: Infinity,
      maxFieldSize: MAX_REQUEST_BYTES,
    }).then(
      (body: unknown) => {
        request.body = body;
        next();
      },
      (error: unknown) => next(toApiError(error)),
    );
  };
}

/**
 * Only the pipe knows the parser, and only the parser says that a second file came after the first
 * had been taken. Fields are checked here, before the library gets them.
 */
function watchParser(request: Request): Receiving {
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  ended.catch(() => undefined);
  const fields = createMultipartFields();
  let parser: Writable | undefined;

  function abort(error: ApiError): void {
    reject(error);
    parser?.destroy(error);
  }

  const pipe = request.pipe.bind(request);
  request.pipe = <Destination extends NodeJS.WritableStream>(
    destination: Destination,
    options?: { end?: boolean },
  ) => {
    const stream = destination as unknown as Writable;
    parser = stream;
    stream.once('filesLimit', () => reject(moreThanOneFile()));
    // Not once: a parser that has met an error meets another when it is destroyed, and an error
    // without a listener ends the process.
    stream.on('error', (error: Error) => reject(toApiError(error)));
    stream.once('close', resolve);
    interceptFields(stream, fields.receive, abort);
    return pipe(destination, options);
  };
  return { ended, abort };
}

function interceptFields(
  parser: Writable,
  receive: (name: string, value: string) => void,
  abort: (error: ApiError) => void,
): void {
  const emit = parser.emit.bind(parser);
  parser.emit = (event: string | symbol, ...values: unknown[]) => {
    if (event !== 'field') return emit(event, ...values);
    try {
      receive(String(values[0]), String(values[1]));
      return emit(event, ...values);
    } catch (error) {
      abort(toApiError(error));
      return true;
    }
  };
}

function moreThanOneFile(): ApiError {
  return new ApiError(
    'BAD_USER_INPUT',
    'One file a request: send each with an uploadDocument of its own.',
    { field: 'file' },
  );
}

function toApiError(cause: unknown): ApiError {
  if (cause instanceof ApiError) return cause;
  const why = cause instanceof Error ? cause.message.slice(0, 200) : '';
  return new ApiError(
    'BAD_USER_INPUT',
    `The multipart body cannot be read. ${why}`.trim(),
    { field: 'file' },
    { cause },
  );
}

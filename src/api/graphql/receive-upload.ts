import type { Request, RequestHandler } from 'express';
import { processRequest } from 'graphql-upload-minimal';
import type { Writable } from 'node:stream';
import { ApiError } from '../../errors.js';
import { drain } from '../http/drain.js';
import { MAX_REQUEST_BYTES } from './limits.js';
import { createMultipartFields } from './multipart-fields.js';

interface Receiving {
  ended: Promise<void>;
  /** Ends the upload with this error, however much has arrived. */
  abort(error: ApiError): void;
}

const receiving = new WeakMap<Request, Receiving>();

/**
 * Returns a promise that resolves when the whole multipart body has been read and rejects if it is
 * invalid, or undefined for other bodies.
 */
export function uploadEndedOf(request: Request): Promise<void> | undefined {
  return receiving.get(request)?.ended;
}

/** Ends the upload of a request, if there is one, for example because its token has expired. */
export function abortUpload(request: Request, error: ApiError): void {
  receiving.get(request)?.abort(error);
}

/**
 * Parses a body of the GraphQL multipart request specification with one file. The use case limits
 * the size of the file.
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
 * Observes the parser, which graphql-upload-minimal 1.6 does not expose, through `request.pipe`.
 * Only the parser reports a second file after the first was accepted. The fields are checked here,
 * before the library receives them.
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
    // Not `once`: a parser that emitted an error emits another one when it is destroyed, and an
    // error without a listener ends the process.
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
    'A request may contain one file; send one uploadDocument request per file.',
    { field: 'file' },
  );
}

function toApiError(cause: unknown): ApiError {
  if (cause instanceof ApiError) return cause;
  return new ApiError(
    'BAD_USER_INPUT',
    'The multipart body is malformed; follow the GraphQL multipart request specification.',
    { field: 'file' },
    { cause },
  );
}

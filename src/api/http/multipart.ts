/**
 * The multipart body of a REST upload: the first file part, whatever its name, and the options
 * around it.
 */
import busboy, { type Busboy } from 'busboy';
import type { Request, Response } from 'express';
import type { Readable } from 'node:stream';
import { PRIORITIES, type Priority } from '../../documents/document.js';
import type { Upload, UploadOptions } from '../../documents/upload-document.js';
import { ApiError } from '../../errors.js';
import { expectPace } from './body-time.js';
import { drain } from './drain.js';

const FIELD_BYTES = 1_024;
const MAX_FIELDS = 20;

/**
 * Hands the file to `take` while it streams in. Throws BAD_USER_INPUT for a body without a file, or
 * one that cannot be read, REQUEST_TIMEOUT for one that comes too slowly, and the reason of
 * `signal` when it aborts.
 */
export function receiveMultipart<Result>(
  { request, response, signal }: { request: Request; response: Response; signal: AbortSignal },
  take: (upload: Upload) => Promise<Result>,
): Promise<Result> {
  const parser = createParser(request);
  const fields = new Map<string, string>();
  const ended = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<Result>();
  ended.promise.catch(() => undefined);
  let hasFile = false;

  parser.on('field', (name, value, { nameTruncated, valueTruncated }) => {
    if (nameTruncated || valueTruncated) abort(tooLong(name));
    else fields.set(name, value);
  });
  parser.once('fieldsLimit', () => abort(tooManyFields()));
  parser.on('file', (_name, stream, { filename }) => {
    // A body that breaks off ends every file stream with an error. Streams that nothing reads need
    // a listener too: an error without one ends the process. Whoever reads the stream still sees
    // the error.
    stream.on('error', () => undefined);
    if (hasFile) return void stream.resume();
    hasFile = true;
    const content = untilEnd(stream, ended.promise);
    take({ filename: filename ?? '', content, options: () => parseOptions(fields) }).then(
      taken.resolve,
      taken.reject,
    );
  });
  // Not once: a parser that has met an error meets another at the end of the body, and one that
  // nobody hears ends the process.
  parser.on('error', (error) => {
    const reason = error instanceof ApiError ? error : broken(error);
    ended.reject(reason);
    taken.reject(reason);
  });
  parser.once('close', () => {
    ended.resolve();
    if (!hasFile)
      taken.reject(
        new ApiError('BAD_USER_INPUT', 'There is no file in the request.', { field: 'file' }),
      );
  });
  request.once(
    'close',
    () => void (request.complete || parser.destroy(new Error('the client went away'))),
  );
  const abort = (error: unknown): void => {
    const reason = error instanceof ApiError ? error : broken(error);
    ended.reject(reason);
    taken.reject(reason);
    parser.destroy(reason);
  };
  expectPace(request, abort);
  signal.addEventListener('abort', () => abort(signal.reason), { once: true });
  response.once('finish', () => drain(request));
  request.pipe(parser);
  return taken.promise;
}

function createParser(request: Request): Busboy {
  try {
    return busboy({
      headers: request.headers,
      defParamCharset: 'utf8',
      limits: { fieldSize: FIELD_BYTES, fields: MAX_FIELDS },
    });
  } catch (error) {
    throw broken(error);
  }
}

function tooLong(field: string): ApiError {
  const limit = FIELD_BYTES;
  return new ApiError(
    'BAD_USER_INPUT',
    `${field} is longer than ${limit} bytes, or its name is too long.`,
    { field, limit },
  );
}

function tooManyFields(): ApiError {
  return new ApiError('BAD_USER_INPUT', `The body has more than ${MAX_FIELDS} fields.`, {
    field: 'file',
    limit: MAX_FIELDS,
  });
}

function broken(cause: unknown): ApiError {
  return new ApiError(
    'BAD_USER_INPUT',
    'Send a multipart/form-data body with one file in it.',
    { field: 'file' },
    { cause },
  );
}

/**
 * The content is whole only when the request is: what follows the file may still show that the
 * request was wrong.
 */
export async function* untilEnd(content: Readable, ended: Promise<void>): AsyncGenerator<Buffer> {
  yield* content as AsyncIterable<Buffer>;
  await ended;
}

function parseOptions(fields: ReadonlyMap<string, string>): UploadOptions {
  const scheduledFor = fields.get('scheduledFor');
  return {
    priority: parsePriority(fields.get('priority') || 'NORMAL'),
    scheduledFor: scheduledFor ? parseTime(scheduledFor) : null,
    force: parseFlag(fields.get('force') || 'false'),
  };
}

function parsePriority(value: string): Priority {
  const priority = PRIORITIES.find((known) => known === value.toUpperCase());
  if (!priority)
    throw new ApiError('BAD_USER_INPUT', 'priority must be HIGH, NORMAL or LOW.', {
      field: 'priority',
    });
  return priority;
}

function parseTime(value: string): Date {
  const time = new Date(value);
  if (Number.isNaN(time.getTime()))
    throw new ApiError('BAD_USER_INPUT', 'scheduledFor must be a time in ISO 8601.', {
      field: 'scheduledFor',
    });
  return time;
}

function parseFlag(value: string): boolean {
  if (value === 'true') return true;
  if (value === 'false') return false;
  throw new ApiError('BAD_USER_INPUT', 'force must be true or false.', { field: 'force' });
}

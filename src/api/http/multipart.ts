/** The multipart body of a REST upload: the first file part, whatever its name, and the options. */
import busboy, { type Busboy } from 'busboy';
import type { Request, Response } from 'express';
import type { Readable } from 'node:stream';
import { PRIORITIES, type Priority } from '../../documents/document.js';
import type { Upload, UploadOptions } from '../../documents/upload-document.js';
import { ApiError } from '../../errors.js';
import { requireUploadRate } from './body-time.js';
import { drain } from './drain.js';
import { untilEnd } from './until-end.js';

const MAX_FIELD_BYTES = 1_024;
const MAX_FIELDS = 20;

/**
 * Passes the first file to `take` while it arrives. Rejects with BAD_USER_INPUT if the body has no
 * file or is malformed, with REQUEST_TIMEOUT if it arrives too slowly, and with the reason of
 * `signal` when it aborts.
 */
export function receiveMultipart<Result>(
  { request, response, signal }: { request: Request; response: Response; signal: AbortSignal },
  take: (upload: Upload) => Promise<Result>,
): Promise<Result> {
  const parser = createParser(request);
  const body = readBody(parser, take);
  request.once('close', () => {
    if (!request.complete) parser.destroy(new Error('the client disconnected'));
  });
  requireUploadRate(request, body.abort);
  signal.addEventListener('abort', () => body.abort(signal.reason), { once: true });
  response.once('finish', () => drain(request));
  request.pipe(parser);
  return body.result;
}

interface Body<Result> {
  result: Promise<Result>;
  abort(error: unknown): void;
}

function readBody<Result>(parser: Busboy, take: (upload: Upload) => Promise<Result>): Body<Result> {
  const fields = new Map<string, string>();
  const ended = Promise.withResolvers<void>();
  const result = Promise.withResolvers<Result>();
  ended.promise.catch(() => undefined);
  let hasFile = false;

  function fail(error: unknown): ApiError {
    const reason = error instanceof ApiError ? error : malformed(error);
    ended.reject(reason);
    result.reject(reason);
    return reason;
  }

  function abort(error: unknown): void {
    parser.destroy(fail(error));
  }

  function receiveFile(stream: Readable, filename: string): void {
    // A body that breaks off ends every file stream with an error. Even an unread stream needs a
    // listener: an error without one ends the process. The reader of the stream still sees it.
    stream.on('error', () => undefined);
    if (hasFile) {
      stream.resume();
      return;
    }
    hasFile = true;
    const content = untilEnd(stream, ended.promise);
    take({ filename, content, options: () => parseOptions(fields) }).then(
      result.resolve,
      result.reject,
    );
  }

  parser.on('field', (name, value, { nameTruncated, valueTruncated }) => {
    if (nameTruncated || valueTruncated) abort(tooLong(name));
    else fields.set(name, value);
  });
  parser.once('fieldsLimit', () => abort(tooManyFields()));
  parser.on('file', (_name, stream, { filename }) => receiveFile(stream, filename ?? ''));
  // Not `once`: a parser that emitted an error emits another one at the end of the body, and an
  // error without a listener ends the process.
  parser.on('error', fail);
  parser.once('close', () => {
    ended.resolve();
    if (!hasFile) result.reject(missingFile());
  });
  return { result: result.promise, abort };
}

function createParser(request: Request): Busboy {
  try {
    return busboy({
      headers: request.headers,
      defParamCharset: 'utf8',
      limits: { fieldSize: MAX_FIELD_BYTES, fields: MAX_FIELDS },
    });
  } catch (error) {
    throw malformed(error);
  }
}

function tooLong(field: string): ApiError {
  const limit = MAX_FIELD_BYTES;
  return new ApiError(
    'BAD_USER_INPUT',
    `${field} exceeds the limit of ${limit} bytes, or its name is too long.`,
    { field, limit },
  );
}

function tooManyFields(): ApiError {
  return new ApiError('BAD_USER_INPUT', `The body exceeds the limit of ${MAX_FIELDS} fields.`, {
    field: 'file',
    limit: MAX_FIELDS,
  });
}

function missingFile(): ApiError {
  return new ApiError('BAD_USER_INPUT', 'The request contains no file; add one.', {
    field: 'file',
  });
}

function malformed(cause: unknown): ApiError {
  return new ApiError(
    'BAD_USER_INPUT',
    'The body is malformed; send multipart/form-data with one file.',
    { field: 'file' },
    { cause },
  );
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
    throw new ApiError('BAD_USER_INPUT', 'scheduledFor must be an ISO 8601 time.', {
      field: 'scheduledFor',
    });
  return time;
}

function parseFlag(value: string): boolean {
  if (value === 'true') return true;
  if (value === 'false') return false;
  throw new ApiError('BAD_USER_INPUT', 'force must be true or false.', { field: 'force' });
}

/**
 * How long a body may take. A client that sends slowly holds a connection, and with an upload a
 * file.
 */
import type { Request, RequestHandler } from 'express';
import { ApiError } from '../../errors.js';

/** For the whole of a body without a file. */
const BODY_MS = 30_000;
/** An upload has the server's own limit for a request, and must keep this pace. */
const UPLOAD_BYTES_PER_SECOND = 16 * 1024;
const UPLOAD_WINDOW_MS = 30_000;

const timers = new WeakMap<Request, NodeJS.Timeout>();

/** Responds 408 to a body that is not complete in time, and ends its connection. */
export function limitBodyTime(bodyMs = BODY_MS): RequestHandler {
  return (request, response, next) => {
    if (!hasBody(request)) return next();
    const timer = setTimeout(() => {
      if (request.complete) return;
      if (response.headersSent) return void request.destroy();
      response.once('close', () => request.destroy());
      next(tooSlow(`The body did not arrive within ${bodyMs / 1_000} s.`));
    }, bodyMs).unref();
    timers.set(request, timer);
    const stop = (): void => clearTimeout(timer);
    request.once('end', stop);
    request.once('close', stop);
    next();
  };
}

function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * Lifts the time limit of a body that holds a file, and asks for a pace instead: `onSlow` is called
 * once when too little has come in a window. Time in which the server does not read does not count.
 */
export function expectPace(
  request: Request,
  onSlow: (error: ApiError) => void,
  windowMs = UPLOAD_WINDOW_MS,
): void {
  clearTimeout(timers.get(request));
  const { socket } = request;
  let seen = socket.bytesRead;
  const timer = setInterval(() => {
    const isOurs = request.readableLength >= request.readableHighWaterMark;
    const pace = ((socket.bytesRead - seen) * 1_000) / windowMs;
    seen = socket.bytesRead;
    if (isOurs || pace >= UPLOAD_BYTES_PER_SECOND || request.complete) return;
    stop();
    onSlow(
      tooSlow(
        `An upload must send at least ${UPLOAD_BYTES_PER_SECOND / 1024} KiB a second.`,
        UPLOAD_BYTES_PER_SECOND,
      ),
    );
  }, windowMs).unref();
  const stop = (): void => clearInterval(timer);
  request.once('end', stop);
  request.once('close', stop);
}

function tooSlow(message: string, limit?: number): ApiError {
  return new ApiError('REQUEST_TIMEOUT', message, limit === undefined ? {} : { limit });
}

/**
 * Time limits of request bodies. A client that sends slowly holds a connection, and an upload holds
 * an open file as well.
 */
import type { Request, RequestHandler } from 'express';
import { ApiError } from '../../errors.js';

/** For a complete body without a file. */
const BODY_TIMEOUT_MS = 30_000;
/** Minimum rate of an upload, which has the time limit of the server for a whole request. */
const MIN_UPLOAD_BYTES_PER_SECOND = 16 * 1024;
const RATE_CHECK_MS = 30_000;

const timers = new WeakMap<Request, NodeJS.Timeout>();

/** Responds with 408 to a body that is not complete in time, and closes its connection. */
export function limitBodyTime(bodyMs = BODY_TIMEOUT_MS): RequestHandler {
  return (request, response, next) => {
    if (!hasBody(request)) return next();
    const timer = setTimeout(() => {
      if (request.complete) return;
      if (response.headersSent) {
        request.destroy();
        return;
      }
      response.once('close', () => request.destroy());
      next(tooSlow(`The body did not arrive within ${bodyMs / 1_000} s; send it again.`));
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
 * Replaces the time limit of a body that contains a file by a minimum rate. Calls `onSlow` once if
 * too few bytes arrived between two checks. Time in which the server does not read is not counted.
 */
export function requireUploadRate(
  request: Request,
  onSlow: (error: ApiError) => void,
  checkEveryMs = RATE_CHECK_MS,
): void {
  clearTimeout(timers.get(request));
  const { socket } = request;
  let bytesAtLastCheck = socket.bytesRead;
  const timer = setInterval(() => {
    const isServerBusy = request.readableLength >= request.readableHighWaterMark;
    const bytesPerSecond = ((socket.bytesRead - bytesAtLastCheck) * 1_000) / checkEveryMs;
    bytesAtLastCheck = socket.bytesRead;
    if (isServerBusy || bytesPerSecond >= MIN_UPLOAD_BYTES_PER_SECOND || request.complete) return;
    stop();
    onSlow(
      tooSlow(
        `An upload must send at least ${MIN_UPLOAD_BYTES_PER_SECOND / 1024} KiB/s; use a faster connection.`,
        MIN_UPLOAD_BYTES_PER_SECOND,
      ),
    );
  }, checkEveryMs).unref();
  const stop = (): void => clearInterval(timer);
  request.once('end', stop);
  request.once('close', stop);
}

function tooSlow(message: string, limit?: number): ApiError {
  return new ApiError('REQUEST_TIMEOUT', message, limit === undefined ? {} : { limit });
}

import type { Request } from 'express';

/** For a client that still sends: it reads the response only after it has sent its body. */
const DRAIN_MS = 30_000;
/**
 * Requests that are drained at once. Further ones are destroyed, which loses their response only.
 */
const MAX_DRAINING = 100;

const draining = new Set<Request>();

/**
 * Reads and discards the rest of a request body that nobody reads; otherwise the connection would
 * block for ever. No-op when called again.
 */
export function drain(request: Request): void {
  if (request.complete || draining.has(request)) return;
  if (draining.size >= MAX_DRAINING) {
    request.destroy();
    return;
  }
  draining.add(request);
  request.unpipe();
  request.resume();
  const timer = setTimeout(() => {
    stop();
    request.destroy();
  }, DRAIN_MS).unref();
  const stop = (): void => {
    clearTimeout(timer);
    draining.delete(request);
  };
  request.once('end', stop);
  request.once('close', stop);
  // A request whose parser was destroyed does not always emit 'close'.
  request.socket.once('close', stop);
}

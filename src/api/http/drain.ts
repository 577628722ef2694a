import type { Request } from 'express';

/**
 * A client that still sends after it has its response is read from for this long, so that it can
 * read the response.
 */
const DRAIN_MS = 30_000;
/** More of them at once are cut off instead: they need not be heard out. */
const MAX_DRAINING = 100;

const draining = new Set<Request>();

/**
 * Reads and discards what nobody reads any more; otherwise the connection would stand still for
 * ever. No-op when called again.
 */
export function drain(request: Request): void {
  if (request.complete || draining.has(request)) return;
  if (draining.size >= MAX_DRAINING) return void request.destroy();
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
  // A request whose parser was destroyed does not always say that it has closed.
  request.socket.once('close', stop);
}

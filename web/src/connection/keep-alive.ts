/** Both WebSocket protocols of the page ping at this interval. */
export const PING_INTERVAL_MS = 12_000;

/** A connection without a pong for this long counts as lost. */
const PONG_TIMEOUT_MS = 5_000;

/** Close code of the server for a token that was never valid; a new connection would not help. */
export const CLOSE_UNAUTHENTICATED = 4401;

/** Close code of the server for an expired token; the page reconnects with a fresh one. */
export const CLOSE_EXPIRED = 4403;

export const SIGN_IN_REJECTED = 'The server did not accept your sign-in. Please sign in again.';

export interface PongTimer {
  start(): void;
  stop(): void;
}

/**
 * Calls `onTimeout` unless `stop` follows `start` in time. A connection that broke silently looks
 * open to the browser for minutes, so a missing pong is the only sign of the loss.
 */
export function createPongTimer(onTimeout: () => void): PongTimer {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    start: () => {
      clearTimeout(timer);
      timer = setTimeout(onTimeout, PONG_TIMEOUT_MS);
    },
    stop: () => clearTimeout(timer),
  };
}

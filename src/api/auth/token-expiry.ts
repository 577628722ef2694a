/**
 * The end of what a token allows. WebSockets, SSE streams, downloads, uploads and long queries all
 * end through this file when their token expires or is revoked.
 */
import { RECHECK_MS, type Identity, type Viewer } from '../../documents/ports.js';
import { ApiError, ExpiredTokenError } from '../../errors.js';

/** The longest delay of a timer in Node. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** Calls `end` once when the token expires, also if it already has. Returns a stop function. */
export function onTokenExpiry(
  { expiresAt }: Pick<Viewer, 'expiresAt'>,
  end: (reason: ApiError) => void,
): () => void {
  if (expiresAt === null) return () => undefined;
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    const remainingMs = expiresAt.getTime() - Date.now();
    if (remainingMs <= 0) end(new ExpiredTokenError());
    else timer = setTimeout(wait, Math.min(remainingMs, LONGEST_TIMER_MS)).unref();
  };
  timer = setTimeout(wait, 0).unref();
  return () => clearTimeout(timer);
}

/**
 * Returns a signal that aborts with ExpiredTokenError. Call `dispose` when the work is finished.
 */
export function createTokenSignal(viewer: Pick<Viewer, 'expiresAt'>): {
  signal: AbortSignal;
  dispose: () => void;
} {
  const expired = new AbortController();
  return {
    signal: expired.signal,
    dispose: onTokenExpiry(viewer, (reason) => expired.abort(reason)),
  };
}

/**
 * Calls `end` when the token expires, and when a check every RECHECK_MS finds it revoked, if the
 * identity supports that. Use it for connections that stay open. Returns a stop function.
 */
export function watchToken(
  { identity, token, viewer }: { identity: Identity; token: string; viewer: Viewer },
  end: (reason: ApiError) => void,
): () => void {
  const stopExpiry = onTokenExpiry(viewer, end);
  const timer = identity.recheck && setInterval(() => void recheck(), RECHECK_MS).unref();

  async function recheck(): Promise<void> {
    try {
      await identity.recheck?.(token);
    } catch (error) {
      // An identity service that is unavailable must not sign users out.
      if (error instanceof ApiError && error.code === 'UNAUTHENTICATED') end(error);
    }
  }

  return () => {
    stopExpiry();
    clearInterval(timer);
  };
}

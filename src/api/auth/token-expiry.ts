/**
 * Everything that is open in a user's name ends when the right to it ends. This is the one helper
 * for it: WebSockets, streams over SSE, downloads, uploads and long queries all end through here.
 */
import { RECHECK_MS, type Identity, type Viewer } from '../../documents/ports.js';
import { ApiError, ExpiredTokenError } from '../../errors.js';

/** Node's timers hold no more milliseconds. */
const LONGEST_TIMER_MS = 2_147_483_647;

type EndReason = ExpiredTokenError | ApiError;

/** Calls `end` once when the token expires; at once if it has. Returns the way to stop waiting. */
export function onTokenExpiry(
  { expiresAt }: Pick<Viewer, 'expiresAt'>,
  end: (reason: EndReason) => void,
): () => void {
  if (expiresAt === null) return () => undefined;
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    const leftMs = expiresAt.getTime() - Date.now();
    if (leftMs <= 0) end(new ExpiredTokenError());
    else timer = setTimeout(wait, Math.min(leftMs, LONGEST_TIMER_MS)).unref();
  };
  timer = setTimeout(wait, 0).unref();
  return () => clearTimeout(timer);
}

/** Aborts with ExpiredTokenError. `dispose` must be called when the work is over. */
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
 * For what stays open: like onTokenExpiry, and the token is checked again every few minutes where
 * the identity can tell that it was revoked.
 */
export function watchToken(
  { identity, token, viewer }: { identity: Identity; token: string; viewer: Viewer },
  end: (reason: EndReason) => void,
): () => void {
  const stopExpiry = onTokenExpiry(viewer, end);
  const timer = identity.recheck && setInterval(() => void recheck(), RECHECK_MS).unref();

  async function recheck(): Promise<void> {
    try {
      await identity.recheck?.(token);
    } catch (error) {
      // A service that does not respond signs nobody out.
      if (error instanceof ApiError && error.code === 'UNAUTHENTICATED') end(error);
    }
  }

  return () => {
    stopExpiry();
    clearInterval(timer);
  };
}

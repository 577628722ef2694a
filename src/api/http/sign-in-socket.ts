import type { WebSocket } from 'ws';
import { verifyToken } from '../auth/authenticate.js';
import { watchToken } from '../auth/token-expiry.js';
import type { Identity, Viewer } from '../../documents/ports.js';
import type { ApiError } from '../../errors.js';
import type { ClientLimits } from '../../rate-limit/client-limits.js';

interface SignIn {
  identity: Identity;
  limits: ClientLimits;
  token: string;
  /** Called when the token expires or is revoked while the socket is open. */
  onTokenEnd: (reason: ApiError) => void;
}

/**
 * Checks the token of a WebSocket and counts the socket against the connections of its user until
 * it closes. Returns null if the client disconnected meanwhile. Throws UNAUTHENTICATED,
 * RATE_LIMITED or DEPENDENCY_UNAVAILABLE.
 */
export async function signInSocket(
  socket: WebSocket,
  { identity, limits, token, onTokenEnd }: SignIn,
): Promise<Viewer | null> {
  const viewer = await verifyToken(identity, token);
  if (socket.readyState !== socket.OPEN) return null;
  const release = limits.connections.take(viewer.id);
  const stopWatching = watchToken({ identity, token, viewer }, onTokenEnd);
  socket.once('close', () => {
    release();
    stopWatching();
  });
  return viewer;
}

/** The one place where a token is checked, for HTTP, SSE and both WebSockets. */
import type { Identity, Viewer } from '../../documents/ports.js';
import { ApiError } from '../../errors.js';

/** The result of checking the token of a request. */
export interface Authentication {
  /** Null without a valid token. */
  viewer: Viewer | null;
  /** Why the token was rejected or could not be checked; null if there was none. */
  rejection: ApiError | null;
}

/**
 * Checks the token of an Authorization header. Does not throw if the token is missing or rejected,
 * because an introspection query needs none.
 */
export async function authenticate(
  identity: Identity,
  authorization: string | undefined,
): Promise<Authentication> {
  const token = parseBearer(authorization);
  if (token === null) return { viewer: null, rejection: null };
  try {
    return { viewer: await verifyToken(identity, token), rejection: null };
  } catch (error) {
    if (error instanceof ApiError) return { viewer: null, rejection: error };
    throw error;
  }
}

/**
 * Returns the user of a token. Throws UNAUTHENTICATED, its subclass ExpiredTokenError, or
 * DEPENDENCY_UNAVAILABLE. The only caller of `Identity.verify`.
 */
export function verifyToken(identity: Identity, token: string): Promise<Viewer> {
  return identity.verify(token);
}

/** Returns the token of `Bearer <token>`; null for any other value. */
export function parseBearer(authorization: unknown): string | null {
  if (typeof authorization !== 'string') return null;
  const [scheme = '', token, ...rest] = authorization.split(' ').filter((word) => word !== '');
  return scheme.toLowerCase() === 'bearer' &&
    token !== undefined &&
    rest.length === 0 &&
    !/\s/.test(token)
    ? token
    : null;
}

export function missingToken(): ApiError {
  return new ApiError(
    'UNAUTHENTICATED',
    'The token is missing; send the header Authorization: Bearer <token>.',
  );
}

/** Where a token is checked: for HTTP, SSE and both WebSockets. */
import type { Identity, Viewer } from '../../documents/ports.js';
import { ApiError } from '../../errors.js';

/** What is known of the sender of a request. */
export interface Authentication {
  /** Null without a valid token. */
  viewer: Viewer | null;
  /** Why the token was refused; null when there was none. */
  refusal: ApiError | null;
}

/**
 * Reads the token of an Authorization header. A refused token is not an error yet, because
 * introspection needs none.
 */
export async function authenticate(
  identity: Identity,
  authorization: string | undefined,
): Promise<Authentication> {
  const token = parseBearer(authorization);
  if (token === null) return { viewer: null, refusal: null };
  try {
    return { viewer: await identity.verify(token), refusal: null };
  } catch (error) {
    if (error instanceof ApiError) return { viewer: null, refusal: error };
    throw error;
  }
}

/** Null unless the value is `Bearer <token>`. */
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

/** Throws UNAUTHENTICATED. */
export function requireViewer({ viewer, refusal }: Authentication): Viewer {
  if (viewer === null) throw refusal ?? missingToken();
  return viewer;
}

function missingToken(): ApiError {
  return new ApiError(
    'UNAUTHENTICATED',
    'The token is missing: send the header Authorization: Bearer <token>.',
  );
}

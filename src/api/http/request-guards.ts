/**
 * Checks of the Host and Origin headers. A page of a foreign site can reach the loopback interface:
 * directly, with its own Origin, or through a host name of its own that resolves to 127.0.0.1.
 */
import type { IncomingMessage } from 'node:http';
import { ApiError } from '../../errors.js';
import { isLoopbackHost } from '../auth/operator-access.js';

type Headers = IncomingMessage['headers'];

export interface Guards {
  /** Throws FORBIDDEN for a foreign Host or Origin header. */
  check(request: Pick<IncomingMessage, 'headers'>): void;
}

/**
 * A name or an address, and a port. A URL parser also accepts a path, a user name or a backslash.
 */
const HOST = /^[a-z\d.:[\]_-]+$/i;

/**
 * With `loopbackOnly`, only loopback host names are allowed: anybody can make a valid token then.
 */
export function createGuards({
  loopbackOnly,
  corsOrigins,
}: {
  loopbackOnly: boolean;
  corsOrigins: readonly string[];
}): Guards {
  function checkHost({ host }: Headers): void {
    if (loopbackOnly && !isLoopbackHost(host)) {
      throw new ApiError('FORBIDDEN', 'This host name is not allowed; use localhost.');
    }
  }

  /** With `loopbackOnly` there is no proxy, so X-Forwarded-Proto is ignored. */
  function checkOrigin(headers: Headers): void {
    const { origin } = headers;
    if (origin === undefined || corsOrigins.includes(origin)) return;
    if (origin === ownOrigin(headers.host, loopbackOnly ? 'http' : schemeOf(headers))) return;
    throw new ApiError('FORBIDDEN', 'This origin is not allowed; add it to CORS_ORIGIN.');
  }

  return {
    check: ({ headers }) => {
      checkHost(headers);
      checkOrigin(headers);
    },
  };
}

/**
 * Returns the origin of the product's own page, as browsers write it; null if the Host header is
 * missing or malformed. The caller compares it with the Origin header as text, so an Origin that
 * parsing would change is foreign.
 */
function ownOrigin(host: string | undefined, scheme: string): string | null {
  const url = `${scheme}://${host ?? ''}`;
  return host !== undefined && HOST.test(host) && URL.canParse(url) ? new URL(url).origin : null;
}

/**
 * Returns the scheme that the client used. This server speaks plain HTTP; a proxy that ends TLS
 * sets X-Forwarded-Proto, and each further proxy appends its value after a comma. A foreign page
 * cannot set this header without a preflight request, which is rejected.
 */
function schemeOf(headers: Headers): string {
  const [first] = String(headers['x-forwarded-proto'] ?? '').split(',', 1);
  return first?.trim().toLowerCase() === 'https' ? 'https' : 'http';
}

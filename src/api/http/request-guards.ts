/**
 * Who may talk to us at all. A page of a foreign site can reach loopback too: by its Origin, or by
 * a name of its own that points here.
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
 * A name or an address and a port. A URL parser would also take a path, a user name or a backslash.
 */
const HOST = /^[a-z\d.:[\]_-]+$/i;

/**
 * `loopbackOnly`: while anybody may say who they are, only names that mean this machine are
 * answered.
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

  /**
   * With tokens that anybody can make there is no proxy in front of us, so nobody may claim to be
   * one.
   */
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
 * Returns the origin of a page that came from here, as browsers write it; null if the Host header
 * is missing or odd. The Origin header is compared with it as text, so whatever would change by
 * being parsed is foreign.
 */
function ownOrigin(host: string | undefined, scheme: string): string | null {
  const url = `${scheme}://${host ?? ''}`;
  return host !== undefined && HOST.test(host) && URL.canParse(url) ? new URL(url).origin : null;
}

/**
 * This server speaks plain HTTP; a proxy that ends TLS says so, each one further on after a comma.
 * A foreign page cannot set this header without a preflight, which is refused.
 */
function schemeOf(headers: Headers): string {
  const [first] = String(headers['x-forwarded-proto'] ?? '').split(',', 1);
  return first?.trim().toLowerCase() === 'https' ? 'https' : 'http';
}

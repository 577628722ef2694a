/** Who may talk to us at all. A page of a foreign site can reach loopback too: by its Origin, or by a name of its own that points here. */
import type { IncomingMessage } from 'node:http';
import { ApiError } from '../errors.js';

export interface Guards {
  /** Throws FORBIDDEN for a foreign Host or Origin header. */
  check(request: Pick<IncomingMessage, 'headers'>): void;
}

const LOOPBACK_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;

/** `loopbackOnly`: while anybody may say who they are, only names that mean this machine are answered. */
export function createGuards({ loopbackOnly, corsOrigins }: { loopbackOnly: boolean; corsOrigins: readonly string[] }): Guards {
  function checkHost(host: string | undefined): void {
    if (loopbackOnly && !LOOPBACK_HOST.test(host ?? '')) {
      throw new ApiError('FORBIDDEN', 'This address is not served here: use localhost.');
    }
  }

  function checkOrigin(origin: string | undefined, host: string | undefined): void {
    if (origin === undefined || corsOrigins.includes(origin) || isOwn(origin, host)) return;
    throw new ApiError('FORBIDDEN', 'This origin is not allowed: name it in CORS_ORIGIN.');
  }

  return {
    check: ({ headers }) => {
      checkHost(headers.host);
      checkOrigin(headers.origin, headers.host);
    },
  };
}

function isOwn(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}

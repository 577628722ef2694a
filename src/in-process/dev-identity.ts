import type { Identity } from '../documents/ports.js';
import { ApiError } from '../errors.js';

const DEV_TOKEN = /^dev:([A-Za-z0-9_-]{1,64})$/;

/**
 * Returns the identity of tokens `dev:<user>`. Anybody who reaches the port can be any user, so it
 * is for loopback only.
 */
export function createDevIdentity({ admins }: { admins: readonly string[] }): Identity {
  return {
    verify: (token) => {
      const id = DEV_TOKEN.exec(token)?.[1];
      return id === undefined
        ? Promise.reject(
            new ApiError(
              'UNAUTHENTICATED',
              'The token is not valid; sign in again. A development token is dev:<user>.',
            ),
          )
        : Promise.resolve({ id, email: null, isAdmin: admins.includes(id), expiresAt: null });
    },
  };
}

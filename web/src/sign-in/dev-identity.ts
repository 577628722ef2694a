import { openStorage, type SettingsStorage } from '../ui/storage.js';
import type { Identity } from './identity.js';

/**
 * The names that the server's embedded identity takes: a token is `dev:<name>`, and nothing is
 * secret about it.
 */
export const DEV_NAME = /^[A-Za-z0-9_-]{1,64}$/;

const STORED_AT = 'docstream.dev-name';

export interface DevIdentity extends Identity {
  signIn(name: string): void;
}

export function createDevIdentity(storage: SettingsStorage = openStorage()): DevIdentity {
  const stored = storage.getItem(STORED_AT);
  let user = stored !== null && DEV_NAME.test(stored) ? { name: stored } : null;
  let farewell: string | null = null;
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of listeners) listener();
  };
  return {
    user: () => user,
    farewell: () => farewell,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    token: () => Promise.resolve(user ? `dev:${user.name}` : null),
    signIn: (name) => {
      if (!DEV_NAME.test(name))
        throw new RangeError('A dev name is 1 to 64 letters, digits, _ or -.');
      storage.setItem(STORED_AT, name);
      [user, farewell] = [{ name }, null];
      tell();
    },
    signOut: (reason) => {
      storage.removeItem(STORED_AT);
      [user, farewell] = [null, reason ?? null];
      tell();
    },
  };
}

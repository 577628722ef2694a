import { openStorage, type SettingsStorage } from '../ui/storage.js';
import { createStore } from '../ui/store.js';
import type { Identity, UserSession } from './identity.js';

/** The names that the server's dev identity accepts: a token is `dev:<name>` and not a secret. */
export const DEV_NAME = /^[A-Za-z0-9_-]{1,64}$/;

const STORAGE_KEY = 'docstream.dev-name';

export interface DevIdentity extends Identity {
  signIn(name: string): void;
}

export function createDevIdentity(storage: SettingsStorage = openStorage()): DevIdentity {
  const stored = storage.getItem(STORAGE_KEY);
  const { get, set, subscribe } = createStore<UserSession>({
    user: stored !== null && DEV_NAME.test(stored) ? { name: stored } : null,
    signOutReason: null,
  });
  return {
    user: () => get().user,
    signOutReason: () => get().signOutReason,
    subscribe,
    token: () => {
      const { user } = get();
      return Promise.resolve(user && `dev:${user.name}`);
    },
    signIn: (name) => {
      if (!DEV_NAME.test(name))
        throw new RangeError('A dev name is 1 to 64 letters, digits, _ or -.');
      storage.setItem(STORAGE_KEY, name);
      set({ user: { name }, signOutReason: null });
    },
    signOut: (reason = null) => {
      storage.removeItem(STORAGE_KEY);
      set({ user: null, signOutReason: reason });
    },
  };
}

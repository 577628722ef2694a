import { openStorage } from '../ui/storage.js';

const KEYS_OF_GRAPHIQL = /^graphiql:/;

/**
 * GraphiQL names the browser's storage without asking whether it may: a private window that refuses
 * it would show nothing.
 */
export const playgroundStorage = {
  ...openStorage(),
  /** GraphiQL looks at it after a write has failed, which this storage hides. */
  length: 0,
  clear: () => {
    const storage = openStorage();
    for (const key of storedKeys()) storage.removeItem(key);
  },
};

function storedKeys(): string[] {
  try {
    return Object.keys(localStorage).filter((key) => KEYS_OF_GRAPHIQL.test(key));
  } catch {
    return [];
  }
}

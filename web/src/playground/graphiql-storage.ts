import { openStorage } from '../ui/storage.js';

const GRAPHIQL_KEYS = /^graphiql:/;

/**
 * The storage of GraphiQL, which accesses `localStorage` unguarded and would show nothing in a
 * private window that forbids it.
 */
export const graphiqlStorage = {
  ...openStorage(),
  /** GraphiQL reads it after a failed write only, and here no write fails. */
  length: 0,
  clear: () => {
    const storage = openStorage();
    for (const key of storedKeys()) storage.removeItem(key);
  },
};

function storedKeys(): string[] {
  try {
    return Object.keys(localStorage).filter((key) => GRAPHIQL_KEYS.test(key));
  } catch {
    return [];
  }
}

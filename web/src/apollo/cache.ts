import { InMemoryCache, type FieldReadFunction, type Reference } from '@apollo/client/cache';

/**
 * Leaves out what points to a document that is no longer in the cache, so that forgetting a
 * document takes it out of every list at once.
 */
const withoutEvicted =
  (key: 'node' | 'document'): FieldReadFunction<readonly Reference[]> =>
  (existing, { readField, canRead }) =>
    existing?.filter((item) => {
      const document = readField(key, item);
      return document === undefined || canRead(document);
    });

export function createCache(): InMemoryCache {
  return new InMemoryCache({
    typePolicies: {
      DocumentConnection: { fields: { edges: { read: withoutEvicted('node') } } },
      Query: { fields: { search: { read: withoutEvicted('document') } } },
      // Events have no identity in the cache; each belongs to the answer that brought it.
      DocumentStatusEvent: { keyFields: false },
    },
  });
}

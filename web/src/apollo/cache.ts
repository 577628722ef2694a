import { InMemoryCache, type FieldReadFunction, type Reference } from '@apollo/client/cache';

/**
 * Leaves out items whose document is no longer in the cache, so that evicting a document removes it
 * from every list at once.
 */
function withoutEvicted(key: 'node' | 'document'): FieldReadFunction<readonly Reference[]> {
  return (existing, { readField, canRead }) =>
    existing?.filter((item) => {
      const document = readField(key, item);
      return document === undefined || canRead(document);
    });
}

export function createCache(): InMemoryCache {
  return new InMemoryCache({
    typePolicies: {
      DocumentConnection: { fields: { edges: { read: withoutEvicted('node') } } },
      Query: { fields: { search: { read: withoutEvicted('document') } } },
      // Events have no id; each is stored within its response.
      DocumentStatusEvent: { keyFields: false },
    },
  });
}

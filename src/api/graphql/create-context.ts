import DataLoader from 'dataloader';
import type { Authentication } from '../auth/authenticate.js';
import type { StatusEvent } from '../../documents/document.js';
import type { Context, HistoryKey, Loaders, Services } from './context.js';

/** One a request, or one a subscription: its resolver clears the loaders for each event. */
export function createContext(
  services: Services,
  { viewer, rejection }: Authentication,
  {
    signal,
    uploadEnded = Promise.resolve(),
  }: { signal: AbortSignal; uploadEnded?: Promise<void> | undefined },
): Context {
  return { services, viewer, rejection, signal, uploadEnded, loaders: createLoaders(services) };
}

function createLoaders({ store }: Services): Loaders {
  return {
    document: new DataLoader(async (ids) => {
      const documents = new Map(
        (await store.findMany(ids)).map((document) => [document.id, document]),
      );
      return ids.map((id) => documents.get(id) ?? null);
    }),
    queuePosition: new DataLoader(async (ids) => {
      const positions = await store.queuePositions(ids);
      return ids.map((id) => positions.get(id) ?? null);
    }),
    events: createEventsLoader(store),
    counts: new DataLoader((userIds) => Promise.all(userIds.map((userId) => store.counts(userId)))),
  };
}

/**
 * Reads the histories of all documents of a list by one statement for each `after` and `first` that
 * the request names.
 */
function createEventsLoader(store: Services['store']): Loaders['events'] {
  const read = async (
    { after, first }: HistoryKey,
    keys: readonly HistoryKey[],
  ): Promise<Map<string, StatusEvent[]>> =>
    store.eventsOfMany(
      keys
        .filter((key) => key.after === after && key.first === first)
        .map(({ documentId }) => documentId),
      after,
      first,
    );

  return new DataLoader(
    async (keys) => {
      const parts = new Map<string, Promise<Map<string, StatusEvent[]>>>();
      const partOf = (key: HistoryKey) => {
        const name = `${key.after} ${key.first}`;
        const part = parts.get(name) ?? read(key, keys);
        parts.set(name, part);
        return part;
      };
      return Promise.all(keys.map(async (key) => (await partOf(key)).get(key.documentId) ?? []));
    },
    { cacheKeyFn: ({ documentId, after, first }) => `${documentId} ${after} ${first}` },
  );
}

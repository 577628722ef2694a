import DataLoader from 'dataloader';
import type { Authentication } from '../auth/authenticate.js';
import type { StatusEvent } from '../../documents/document.js';
import type { Context, HistoryKey, Loaders, Services } from './context.js';

/**
 * Returns the context of one request, or of one subscription, which clears its loaders per event.
 */
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
 * Returns a loader that reads the histories of all documents of a list with one statement for each
 * combination of `after` and `first` in the request.
 */
function createEventsLoader(store: Services['store']): Loaders['events'] {
  async function readPage(
    { after, first }: HistoryKey,
    keys: readonly HistoryKey[],
  ): Promise<Map<string, StatusEvent[]>> {
    const samePage = keys.filter((key) => key.after === after && key.first === first);
    const ids = samePage.map(({ documentId }) => documentId);
    return store.eventsOfMany(ids, after, first);
  }

  async function readAll(keys: readonly HistoryKey[]): Promise<StatusEvent[][]> {
    const pages = new Map<string, Promise<Map<string, StatusEvent[]>>>();
    for (const key of keys) {
      const name = toPageName(key);
      if (!pages.has(name)) pages.set(name, readPage(key, keys));
    }
    return Promise.all(
      keys.map(async (key) => (await pages.get(toPageName(key)))?.get(key.documentId) ?? []),
    );
  }

  return new DataLoader(readAll, { cacheKeyFn: (key) => `${key.documentId} ${toPageName(key)}` });
}

function toPageName({ after, first }: HistoryKey): string {
  return `${after} ${first}`;
}

import DataLoader from 'dataloader';
import type { Identity, Viewer } from '../documents/ports.js';
import { ApiError } from '../errors.js';
import type { Context, HistoryKey, Loaders, Services } from './context.js';
import type { StatusEvent } from '../documents/document.js';

/** One a request, or one a subscription's event: what a loader has read must not outlive it. */
export function createContext(
  services: Services,
  viewer: Viewer | null,
  extra: Partial<Pick<Context, 'refusal' | 'uploadEnded'>> = {},
): Context {
  return {
    services,
    viewer,
    refusal: extra.refusal ?? null,
    uploadEnded: extra.uploadEnded ?? Promise.resolve(),
    loaders: createLoaders(services),
  };
}

/** Reads the token out of an Authorization header. A bad one refuses the fields that need one, not the request: introspection needs none. */
export async function authenticate(identity: Identity, authorization: string | undefined): Promise<Pick<Context, 'viewer' | 'refusal'>> {
  const token = parseBearer(authorization);
  if (token === null) return { viewer: null, refusal: null };
  try {
    return { viewer: await identity.verify(token), refusal: null };
  } catch (error) {
    if (error instanceof ApiError) return { viewer: null, refusal: error };
    throw error;
  }
}

/** Null when there is no `Bearer <token>`. */
export function parseBearer(authorization: unknown): string | null {
  return typeof authorization === 'string' ? (/^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? null) : null;
}

function createLoaders({ store }: Services): Loaders {
  return {
    document: new DataLoader(async (ids) => {
      const documents = new Map((await store.findMany(ids)).map((document) => [document.id, document]));
      return ids.map((id) => documents.get(id) ?? null);
    }),
    queuePosition: new DataLoader(async (ids) => {
      const positions = await store.queuePositions(ids);
      return ids.map((id) => positions.get(id) ?? null);
    }),
    events: createEventsLoader(store),
  };
}

/** Reads the histories of all documents of a list by one statement for each `after` and `first` that the request names. */
function createEventsLoader(store: Services['store']): Loaders['events'] {
  const read = async ({ after, first }: HistoryKey, keys: readonly HistoryKey[]): Promise<Map<string, StatusEvent[]>> =>
    store.eventsOfMany(
      keys.filter((key) => key.after === after && key.first === first).map(({ documentId }) => documentId),
      after,
      first,
    );

  return new DataLoader(
    async (keys) => {
      const parts = new Map<string, Promise<Map<string, StatusEvent[]>>>();
      const partOf = (key: HistoryKey) => {
        const name = `${String(key.after)} ${String(key.first)}`;
        const part = parts.get(name) ?? read(key, keys);
        parts.set(name, part);
        return part;
      };
      return Promise.all(keys.map(async (key) => (await partOf(key)).get(key.documentId) ?? []));
    },
    { cacheKeyFn: ({ documentId, after, first }) => `${documentId} ${String(after)} ${String(first)}` },
  );
}

import DataLoader from 'dataloader';
import type { Authentication } from '../api/auth/authenticate.js';
import type { Context, Services } from './context.js';

/** One a request, or one a subscription: its resolver clears the loaders for each event. */
export function createContext(
  services: Services,
  { viewer, refusal }: Authentication,
  { signal, uploadEnded = Promise.resolve() }: { signal: AbortSignal; uploadEnded?: Promise<void> | undefined },
): Context {
  return { services, viewer, refusal, signal, uploadEnded, loaders: createLoaders(services) };
}

function createLoaders({ store }: Services): Context['loaders'] {
  return {
    document: new DataLoader(async (ids) => {
      const documents = new Map((await store.findMany(ids)).map((document) => [document.id, document]));
      return ids.map((id) => documents.get(id) ?? null);
    }),
    queuePosition: new DataLoader(async (ids) => {
      const positions = await store.queuePositions(ids);
      return ids.map((id) => positions.get(id) ?? null);
    }),
    counts: new DataLoader((userIds) => Promise.all(userIds.map((userId) => store.counts(userId)))),
  };
}

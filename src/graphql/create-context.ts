import DataLoader from 'dataloader';
import type { Identity, Viewer } from '../documents/ports.js';
import { ApiError } from '../errors.js';
import type { Context, Services } from './context.js';

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
  };
}

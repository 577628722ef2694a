import type { VectorStore } from '../documents/ports.js';
import { ProcessingFailure, SetupError } from '../errors.js';
import { ensureCollection } from './collection.js';
import { connect, WeaviateResponseError } from './connection.js';
import {
  allOf,
  countObjects,
  fromIndex,
  ofDocument,
  ofGeneration,
  removeObjects,
  storeObjects,
  toTenant,
  type TenantRef,
} from './objects.js';
import type { Logger } from '../runtime/logger.js';
import { search } from './search.js';

export interface WeaviateVectorStore extends VectorStore {
  /** Rejects unless the server reports that it is ready. */
  check(): Promise<void>;
  /** Aborts all requests. */
  stop(): Promise<void>;
}

export interface WeaviateOptions {
  url: string;
  apiKey: string | null;
  model: string;
  dimensions: number;
  /**
   * Limit of one request. Shorter than a lease: a call of a worker that has lost its lease must end
   * before the next worker's lease does.
   */
  timeoutMs: number;
  logger: Pick<Logger, 'debug'>;
  /** Name in Weaviate, with a capital first letter. Default: COLLECTION. */
  collection?: string;
}

export const COLLECTION = 'DocstreamPassage';

/**
 * Opens the vector store in Weaviate: one collection, with a tenant for each user. Throws
 * ProcessingFailure VECTOR_STORE_UNAVAILABLE if Weaviate does not respond. Throws SetupError if
 * Weaviate rejects the key, or if the stored vectors have another model or other dimensions.
 */
export async function createWeaviateVectorStore(
  options: WeaviateOptions,
): Promise<WeaviateVectorStore> {
  const { collection = COLLECTION, logger } = options;
  const { client, ready, stop } = connect(options);
  const tenantOf = (userId: string): TenantRef => ({
    client,
    collection,
    tenant: toTenant(userId),
  });
  try {
    await asVectorStoreFailure(() => ensureCollection(client, collection, options));
  } catch (error) {
    stop();
    throw isRefused(error)
      ? new SetupError('Weaviate rejected the key; correct WEAVIATE_API_KEY.', { cause: error })
      : error;
  }
  logger.debug({ collection }, 'opened the collection');
  return {
    store: (userId, objects) => asVectorStoreFailure(() => storeObjects(tenantOf(userId), objects)),
    count: (userId, documentId, generation) =>
      asVectorStoreFailure(() =>
        ifTenant(0, () =>
          countObjects(
            tenantOf(userId),
            allOf(ofDocument(documentId), ofGeneration('Equal', generation)),
          ),
        ),
      ),
    trim: (userId, documentId, generation, chunkCount) => {
      const where = allOf(
        ofDocument(documentId),
        ofGeneration('Equal', generation),
        fromIndex(chunkCount),
      );
      return asVectorStoreFailure(() =>
        ifTenant(undefined, () => removeObjects(tenantOf(userId), where)),
      );
    },
    remove: (userId, documentId, { below, only } = {}) => {
      const bounds = [...(below === undefined ? [] : [ofGeneration('LessThan', below)])];
      if (only !== undefined) bounds.push(ofGeneration('Equal', only));
      return asVectorStoreFailure(() =>
        ifTenant(undefined, () =>
          removeObjects(tenantOf(userId), allOf(ofDocument(documentId), ...bounds)),
        ),
      );
    },
    search: (query, signal) => {
      signal?.throwIfAborted();
      return asVectorStoreFailure(() => ifTenant([], () => search(tenantOf(query.userId), query)));
    },
    check: () => asVectorStoreFailure(ready),
    stop: async () => stop(),
  };
}

/**
 * Returns `otherwise` for a user without a tenant: the first stored object creates it. Weaviate's
 * response has no code for this error, so only its message identifies it.
 */
async function ifTenant<Result>(otherwise: Result, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof WeaviateResponseError && /tenant not found/i.test(error.message))
      return otherwise;
    throw error;
  }
}

async function asVectorStoreFailure<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ProcessingFailure || error instanceof SetupError) throw error;
    throw new ProcessingFailure('VECTOR_STORE_UNAVAILABLE', explain(error), { cause: error });
  }
}

function isRefused(error: unknown): boolean {
  const response = error instanceof ProcessingFailure ? error.cause : error;
  return (
    response instanceof WeaviateResponseError &&
    (response.status === 401 || response.status === 403)
  );
}

function explain(error: unknown): string {
  return isRefused(error)
    ? 'The vector store rejected the key; check WEAVIATE_API_KEY.'
    : 'The vector store failed or did not respond; it is retried later.';
}

import type { VectorStore } from '../documents/ports.js';
import { ProcessingFailure, SetupError } from '../errors.js';
import { ensureCollection } from './collection.js';
import { connect, WeaviateAnswerError } from './connection.js';
import {
  allOf,
  countObjects,
  fromIndex,
  ofDocument,
  ofGeneration,
  removeObjects,
  storeObjects,
  toTenant,
  type Place,
} from './objects.js';
import { search } from './search.js';

export interface WeaviateVectorStore extends VectorStore {
  /** Rejects when the server does not say that it can work. */
  check(): Promise<void>;
  /** What is under way fails. */
  stop(): Promise<void>;
}

export interface WeaviateOptions {
  url: string;
  apiKey: string | null;
  model: string;
  dimensions: number;
  /**
   * Of one request. Shorter than a lease: a call of a worker that has lost its lease must not
   * outlive the next one's.
   */
  timeoutMs: number;
  logger: { debug(fields: object, message: string): void };
  /** Its name in Weaviate, which starts with a capital. */
  collection?: string;
}

export const COLLECTION = 'DocstreamPassage';

/**
 * Vectors in Weaviate: one collection, a tenant for each user. Throws ProcessingFailure
 * VECTOR_STORE_UNAVAILABLE when it does not answer, SetupError when it refuses the key, and when
 * the vectors there were made by another model or with other dimensions.
 */
export async function createWeaviateVectorStore(
  options: WeaviateOptions,
): Promise<WeaviateVectorStore> {
  const { collection = COLLECTION, logger } = options;
  const { client, ready, stop } = connect(options);
  const at = (userId: string): Place => ({ client, collection, tenant: toTenant(userId) });
  try {
    await guarded(() => ensureCollection(client, collection, options));
  } catch (error) {
    stop();
    throw isRefused(error)
      ? new SetupError('Weaviate refuses the key: mend WEAVIATE_API_KEY.', { cause: error })
      : error;
  }
  logger.debug({ collection }, 'the collection is open');
  return {
    store: (userId, objects) => guarded(() => storeObjects(at(userId), objects)),
    count: (userId, documentId, generation) =>
      guarded(() =>
        ifTenant(0, () =>
          countObjects(
            at(userId),
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
      return guarded(() => ifTenant(undefined, () => removeObjects(at(userId), where)));
    },
    remove: (userId, documentId, { below, only } = {}) => {
      const bounds = [...(below === undefined ? [] : [ofGeneration('LessThan', below)])];
      if (only !== undefined) bounds.push(ofGeneration('Equal', only));
      return guarded(() =>
        ifTenant(undefined, () =>
          removeObjects(at(userId), allOf(ofDocument(documentId), ...bounds)),
        ),
      );
    },
    search: (query, signal) => {
      signal?.throwIfAborted();
      return guarded(() => ifTenant([], () => search(at(query.userId), query)));
    },
    check: () => guarded(ready),
    stop: async () => stop(),
  };
}

/** A tenant comes into being with its user's first object. */
async function ifTenant<Result>(otherwise: Result, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof WeaviateAnswerError && /tenant not found/i.test(error.message))
      return otherwise;
    throw error;
  }
}

async function guarded<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ProcessingFailure || error instanceof SetupError) throw error;
    throw new ProcessingFailure('VECTOR_STORE_UNAVAILABLE', explain(error), { cause: error });
  }
}

function isRefused(error: unknown): boolean {
  const answer = error instanceof ProcessingFailure ? error.cause : error;
  return answer instanceof WeaviateAnswerError && (answer.status === 401 || answer.status === 403);
}

function explain(error: unknown): string {
  return isRefused(error)
    ? 'The vector store does not let us in: check WEAVIATE_API_KEY.'
    : 'The vector store does not answer as it should.';
}

import type { Logger } from '../runtime/logger.js';
import type { BlobStore, Cleanup, DocumentStore, VectorStore } from './ports.js';

const BATCH = 20;

interface Dependencies {
  store: DocumentStore;
  vectors: VectorStore;
  blobs: BlobStore;
  logger: Pick<Logger, 'warn'>;
}

/**
 * Returns a background job that deletes the leftovers of deletions, failures and older generations.
 * Every step is idempotent, so a crash between two steps only causes a repetition. A failing
 * cleanup does not block the others. The job returns true if there may be more work.
 */
export function createRunCleanups({
  store,
  vectors,
  blobs,
  logger,
}: Dependencies): () => Promise<boolean> {
  async function runCleanup(cleanup: Cleanup): Promise<boolean> {
    try {
      await vectors.remove(cleanup.userId, cleanup.documentId, toGenerations(cleanup));
      if (cleanup.blobKey !== null) await blobs.remove(cleanup.blobKey);
      await store.finishCleanup(cleanup);
      return true;
    } catch (error) {
      logger.warn(
        { err: error, documentId: cleanup.documentId },
        'failed to clean up after a document; retrying later',
      );
      return false;
    }
  }

  return async () => {
    const cleanups = await store.dueCleanups(BATCH);
    let allSucceeded = true;
    for (const cleanup of cleanups) allSucceeded = (await runCleanup(cleanup)) && allSucceeded;
    return allSucceeded && cleanups.length === BATCH;
  };
}

function toGenerations({ generationsBelow, onlyGeneration }: Cleanup): {
  below?: number;
  only?: number;
} {
  if (generationsBelow !== null) return { below: generationsBelow };
  return onlyGeneration === null ? {} : { only: onlyGeneration };
}

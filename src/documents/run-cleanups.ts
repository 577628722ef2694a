import type { BlobStore, Cleanup, DocumentStore, VectorStore } from './ports.js';

const BATCH = 20;

interface Dependencies {
  store: DocumentStore;
  vectors: VectorStore;
  blobs: BlobStore;
  logger: { warn(fields: object, message: string): void };
}

/**
 * Removes for good what a deletion, a failure or a newer generation has left behind. Every step can
 * be repeated, so a crash between two costs a repetition and forgets nothing; one that fails holds
 * up no other. Answers whether there may be more.
 */
export function createRunCleanups({
  store,
  vectors,
  blobs,
  logger,
}: Dependencies): () => Promise<boolean> {
  async function run(cleanup: Cleanup): Promise<boolean> {
    try {
      await vectors.remove(cleanup.userId, cleanup.documentId, toGenerations(cleanup));
      if (cleanup.blobKey !== null) await blobs.remove(cleanup.blobKey);
      await store.finishCleanup(cleanup);
      return true;
    } catch (error) {
      logger.warn(
        { err: error, documentId: cleanup.documentId },
        'a cleanup has failed; it is tried again',
      );
      return false;
    }
  }

  return async () => {
    const due = await store.dueCleanups(BATCH);
    let allRan = true;
    for (const cleanup of due) allRan = (await run(cleanup)) && allRan;
    return allRan && due.length === BATCH;
  };
}

function toGenerations({ generationsBelow, onlyGeneration }: Cleanup): {
  below?: number;
  only?: number;
} {
  if (generationsBelow !== null) return { below: generationsBelow };
  return onlyGeneration === null ? {} : { only: onlyGeneration };
}

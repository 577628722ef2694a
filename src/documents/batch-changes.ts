import type { Change, DocumentStore } from './ports.js';
import type { StatusEvent } from './document.js';
import { createGroupCommit } from '../runtime/group-commit.js';
import { isAllowedChange } from './status.js';

const MAX_BATCH = 200;

type WriteChange = (change: Change) => Promise<StatusEvent | null>;

/**
 * Returns a function that writes concurrent changes of several documents in one transaction. The
 * changes of one document are never in the same transaction, because each waits for the one before.
 */
export function createBatchedChange(store: Pick<DocumentStore, 'change'>): WriteChange {
  const writeTogether = createGroupCommit<Change, StatusEvent | null>(MAX_BATCH, (changes) =>
    store.change(changes),
  );
  return (change) => {
    // The store rejects the whole batch, so an invalid change gets a batch of its own.
    if (!isAllowedChange(change)) return store.change([change]).then(([event]) => event ?? null);
    return writeTogether(change);
  };
}

import type { Change, DocumentStore } from './ports.js';
import type { StatusEvent } from './document.js';
import { createGroupCommit } from '../runtime/group-commit.js';
import { isAllowedChange } from './status.js';

const MAX_BATCH = 200;

type WriteChange = (change: Change) => Promise<StatusEvent | null>;

/**
 * Many documents' changes share a transaction where they meet. A document's own changes never meet:
 * each waits for the one before.
 */
export function createBatchedChange(store: Pick<DocumentStore, 'change'>): WriteChange {
  const gather = createGroupCommit<Change, StatusEvent | null>(MAX_BATCH, (changes) =>
    store.change(changes),
  );
  return (change) => {
    // Refused here, a bug of one document's run does not fail the others'.
    if (!isAllowedChange(change)) return store.change([change]).then(([event]) => event ?? null);
    return gather(change);
  };
}

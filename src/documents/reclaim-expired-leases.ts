import type { NotifyCommitted } from './commit-notifier.js';
import type { DocumentStore } from './ports.js';

interface Dependencies {
  store: Pick<DocumentStore, 'reclaimExpiredLeases'>;
  notifyCommitted: NotifyCommitted;
}

/**
 * Returns a background job that moves documents whose lease has expired back into the queue: the
 * worker that held the lease has crashed or has lost the database. The job returns false, because
 * one call reclaims all expired leases.
 */
export function createReclaimExpiredLeases({
  store,
  notifyCommitted,
}: Dependencies): () => Promise<boolean> {
  return async () => {
    notifyCommitted(await store.reclaimExpiredLeases({ all: false }));
    return false;
  };
}

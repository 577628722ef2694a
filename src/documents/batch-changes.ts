import type { Change, DocumentStore } from './ports.js';
import type { StatusEvent } from './document.js';
import { isAllowedChange } from './status.js';

const MAX_BATCH = 200;

type WriteChange = (change: Change) => Promise<StatusEvent | null>;

interface Waiting {
  change: Change;
  settle: PromiseWithResolvers<StatusEvent | null>;
}

/**
 * Many documents' changes share a transaction where they meet: while one is being written the next ones gather, so that a single
 * change never waits for others and a thousand at once cost a few commits. A document's own changes never meet: each waits for the one before.
 */
export function createBatchedChange(store: Pick<DocumentStore, 'change'>): WriteChange {
  const waiting: Waiting[] = [];
  let writing = false;

  async function writeAll(): Promise<void> {
    writing = true;
    // One turn of the loop: runs that were woken together meet here.
    await Promise.resolve();
    while (waiting.length > 0) await writeBatch(store, waiting.splice(0, MAX_BATCH));
    writing = false;
  }

  return (change) => {
    // Refused here, a bug of one document's run does not fail the others'.
    if (!isAllowedChange(change)) return store.change([change]).then(([event]) => event ?? null);
    const settle = Promise.withResolvers<StatusEvent | null>();
    waiting.push({ change, settle });
    if (!writing) void writeAll();
    return settle.promise;
  };
}

async function writeBatch(store: Pick<DocumentStore, 'change'>, batch: readonly Waiting[]): Promise<void> {
  try {
    const events = await store.change(batch.map(({ change }) => change));
    for (const [position, { settle }] of batch.entries()) settle.resolve(events[position] ?? null);
  } catch (error) {
    for (const { settle } of batch) settle.reject(error);
  }
}

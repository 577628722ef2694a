import type { EventLog, Outbox } from './ports.js';

const BATCH = 200;

/**
 * Publishes the oldest rows of the outbox and removes them once the log has acknowledged them: what is committed is published, at
 * least once, in the order of each key. No transaction is open while the log is awaited. Answers whether there may be more.
 */
export function createRelayOutbox({ outbox, log }: { outbox: Outbox; log: EventLog }): () => Promise<boolean> {
  return async () => {
    const rows = await outbox.read(BATCH);
    if (rows.length === 0) return false;
    await log.publish(rows.map((row) => row.record));
    await outbox.remove(rows.map((row) => row.id));
    return rows.length === BATCH;
  };
}

import type { Logger } from '../runtime/logger.js';
import type { EventLog, Outbox, OutboxRow, RefusedRecord } from './ports.js';

/** Maximum number of rows in one send. A send of many events costs as much as a send of one. */
export const RELAY_BATCH = 1_000;

interface Dependencies {
  outbox: Outbox;
  eventLog: EventLog;
  logger: Pick<Logger, 'error'>;
}

/**
 * Returns a background job that publishes the oldest rows of the outbox, and removes them once the
 * event log has acknowledged them. So every committed event is published at least once, in the
 * order of its key. The job parks rows that the event log refuses permanently. No transaction is
 * open while the event log is awaited. The job returns the number of rows, at most RELAY_BATCH.
 */
export function createRelayOutbox({
  outbox,
  eventLog,
  logger,
}: Dependencies): () => Promise<number> {
  return async () => {
    const rows = await outbox.read(RELAY_BATCH);
    if (rows.length === 0) return 0;
    const refused = collectRefused(rows, await eventLog.publish(rows.map((row) => row.record)));
    for (const { documentId, reason } of refused)
      logger.error({ documentId, reason }, 'the event log refused an event; parking the event');
    await outbox.park(refused.map(({ id, reason }) => ({ id, reason })));
    const parkedIds = new Set(refused.map(({ id }) => id));
    await outbox.remove(rows.map(({ id }) => id).filter((id) => !parkedIds.has(id)));
    return rows.length;
  };
}

/** Returns the refused rows, in the order of `rows`. */
function collectRefused(
  rows: readonly OutboxRow[],
  refusals: readonly RefusedRecord[],
): { id: string; documentId: string; reason: string }[] {
  const reasons = new Map(refusals.map(({ index, reason }) => [index, reason]));
  return rows.flatMap(({ id, record }, index) => {
    const reason = reasons.get(index);
    return reason === undefined ? [] : [{ id, documentId: record.key, reason }];
  });
}

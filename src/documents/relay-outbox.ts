import type { EventLog, Outbox } from './ports.js';

/** One send carries many documents' events: a round trip costs the same for one. */
export const RELAY_BATCH = 1_000;

interface Dependencies {
  outbox: Outbox;
  eventLog: EventLog;
  logger: { error(fields: object, message: string): void };
}

/**
 * Publishes the oldest rows of the outbox and removes them once the log has acknowledged them: what
 * is committed is published, at least once, in the order of each key. A row that the log refuses
 * for good is set aside alone. No transaction is open while the log is awaited. Answers how many
 * rows there were, RELAY_BATCH at most.
 */
export function createRelayOutbox({
  outbox,
  eventLog,
  logger,
}: Dependencies): () => Promise<number> {
  return async () => {
    const rows = await outbox.read(RELAY_BATCH);
    if (rows.length === 0) return 0;
    const refused = new Map(
      (await eventLog.publish(rows.map((row) => row.record))).map(({ index, reason }) => [
        rows[index]?.id,
        reason,
      ]),
    );
    await outbox.park(
      rows.flatMap(({ id, record }) => parked(id, record.key, refused.get(id), logger)),
    );
    await outbox.remove(rows.flatMap(({ id }) => (refused.has(id) ? [] : [id])));
    return rows.length;
  };
}

function parked(
  id: string,
  documentId: string,
  reason: string | undefined,
  logger: Dependencies['logger'],
): { id: string; reason: string }[] {
  if (reason === undefined) return [];
  logger.error({ documentId, reason }, 'the event log refuses an event for good; it is set aside');
  return [{ id, reason }];
}

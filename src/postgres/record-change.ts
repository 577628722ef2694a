import { serialiseEvent } from '../documents/serialise.js';
import { toChangeEvent, toPassedEvent } from '../documents/status.js';
import type { DocumentStatus, StatusEvent } from '../documents/document.js';
import { TOPICS, toShard } from '../messages/topics.js';
import type { Database } from './database.js';
import type { DocumentRow } from './entities.js';
import { toDocument } from './rows.js';

export interface ChangedRow {
  row: DocumentRow;
  previousStatus: DocumentStatus | null;
  /** A stage that the change has passed on its way. */
  passed?: { before: DocumentRow; status: DocumentStatus };
}

/**
 * Writes the history and the outbox of rows that have just changed. Always in the transaction that changed them: what is committed is
 * published, what is not is not.
 */
export async function recordChanges(query: Database['query'], changed: readonly ChangedRow[]): Promise<StatusEvent[]> {
  if (changed.length === 0) return [];
  const events = changed.flatMap(toEvents);
  await query(INSERT, [JSON.stringify(events.map(toEventRow)), JSON.stringify(events.flatMap(toOutboxRows))]);
  return events;
}

function toEvents({ row, previousStatus, passed }: ChangedRow): StatusEvent[] {
  const document = toDocument(row);
  if (!passed) return [toChangeEvent(document, previousStatus)];
  return [toPassedEvent(toDocument(passed.before), document, passed.status), toChangeEvent(document, passed.status)];
}

/** One statement: a round trip costs more than either. */
const INSERT = `
  with history as (
    insert into document_events (document_id, seq, event, occurred_at)
    select document_id, seq, event, occurred_at
      from jsonb_to_recordset(?::jsonb) as e (document_id uuid, seq integer, event jsonb, occurred_at timestamptz)
  )
  insert into outbox (shard, topic, key, document_id, seq, payload)
  select shard, topic, key, document_id, seq, payload
    from jsonb_to_recordset(?::jsonb) as o (shard smallint, topic text, key text, document_id uuid, seq integer, payload jsonb)`;

function toEventRow(event: StatusEvent): object {
  return { document_id: event.documentId, seq: event.seq, event: serialiseEvent(event), occurred_at: event.occurredAt };
}

/** A pointer to the event for everybody; when there is work, a permit for the workers; when it has failed, an announcement for operators. */
function toOutboxRows(event: StatusEvent): object[] {
  const place = { shard: toShard(event.documentId), key: event.documentId };
  const pointer = { ...place, document_id: event.documentId, seq: event.seq };
  const announcement = { ...pointer, topic: TOPICS.documentStatus };
  if (event.status === 'FAILED') return [announcement, { ...pointer, topic: TOPICS.deadLetter }];
  if (event.status !== 'PENDING') return [announcement];
  const payload = { version: 1, documentId: event.documentId, generation: event.generation };
  return [announcement, { ...place, topic: TOPICS.jobs, payload }];
}

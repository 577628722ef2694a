import type { LogRecord, Outbox, OutboxRow } from '../documents/ports.js';
import { toFailedRecord, toUnreadableRecord } from '../messages/dead-letter.js';
import { toStatusRecord } from '../messages/document-status.js';
import { toJobRecord } from '../messages/job.js';
import { TOPICS } from '../messages/topics.js';
import { serialiseEvent } from '../documents/serialise.js';
import type { Database } from './database.js';
import { EVENTS, toEvent, type ChangedRow } from './record-change.js';

type JobPayload = Parameters<typeof toJobRecord>[0];
type UnreadablePayload = Parameters<typeof toUnreadableRecord>[0];

/** A row that refers to an event also has the columns of that event. */
type Row = { outbox_id: string; topic: string; payload: JobPayload | UnreadablePayload | null } & (
  ChangedRow | { id: null }
);

/**
 * Reads the oldest rows. A row stays until the event log has acknowledged it; nothing is read by
 * "id greater than the last one", which would skip rows that commit late. The subquery takes the
 * rows before the join, so that the server reads them in their order and stops. `offset 0` makes
 * the server look up each event; it would otherwise read all documents while that table is small.
 */
const READ = `
  select o.id as outbox_id, o.topic, o.payload, e.*
    from (select id, topic, payload, document_id, seq from outbox
           where parked_reason is null
             and shard = any (array(
                   select value::smallint from jsonb_array_elements_text(?::jsonb)))
           order by id limit ?) o
    left join lateral (
           ${EVENTS} where e.document_id = o.document_id and e.seq = o.seq offset 0) e on true
   order by o.id`;

/**
 * Removes published rows and queues their documents for the compacted topic, which needs only the
 * newest state: one row per document, however many changes were published. A document that is
 * queued already gets a new version, so that a relay which is just publishing the older state does
 * not remove the row.
 */
const REMOVE = `
  with removed as (
    delete from outbox
     where id in (select value::bigint from jsonb_array_elements_text(?::jsonb) limit ?)
    returning topic, document_id, shard
  )
  insert into latest_queue (document_id, shard)
  select distinct document_id, shard from removed
   where topic = '${TOPICS.documentStatus}' order by document_id
  on conflict (document_id) do update set version = nextval('latest_queue_version')`;

const PARK = `
  update outbox o set parked_reason = p.reason
    from jsonb_to_recordset(?::jsonb) as p (id bigint, reason text) where o.id = p.id`;

export function createOutbox({
  database,
  shards,
}: {
  database: Database;
  /** Returns the shards that this process owns at the moment of the call. */
  shards: () => readonly number[];
}): Outbox {
  return {
    read: async (limit) => {
      const ownedShards = shards();
      if (ownedShards.length === 0) return [];
      const rows = await database.query<Row>(READ, [JSON.stringify(ownedShards), limit]);
      return rows.map(toOutboxRow);
    },
    remove: async (ids) => {
      if (ids.length > 0) await database.query(REMOVE, [JSON.stringify(ids), ids.length]);
    },
    park: async (rows) => {
      if (rows.length > 0) await database.query(PARK, [JSON.stringify(rows)]);
    },
  };
}

function toOutboxRow(row: Row): OutboxRow {
  return { id: row.outbox_id, record: toRecord(row) };
}

function toRecord(row: Row): LogRecord {
  const { outbox_id: id, topic, payload } = row;
  if (payload) return 'offset' in payload ? toUnreadableRecord(payload) : toJobRecord(payload);
  if (row.id === null) throw new Error(`outbox row ${id} refers to an event that does not exist`);
  const event = serialiseEvent(toEvent(row));
  return topic === TOPICS.deadLetter ? toFailedRecord(event) : toStatusRecord(event);
}

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

/** Where it points to an event, with the columns of that. */
type Row = { outbox_id: string; topic: string; payload: JobPayload | UnreadablePayload | null } & (
  ChangedRow | { id: null }
);

/**
 * Oldest first. A row is there until the log has acknowledged it; nothing is ever read by "id
 * greater than the last one". The rows are taken before they are joined with anything, so the
 * server reads them in their order and stops. `offset 0` makes it look each event up: left to
 * itself it reads the whole table of documents while that is small.
 */
const READ = `
  select o.id as outbox_id, o.topic, o.payload, e.*
    from (select id, topic, payload, document_id, seq from outbox
           where parked_reason is null and shard = any (array(select value::smallint from jsonb_array_elements_text(?::jsonb)))
           order by id limit ?) o
    left join lateral (${EVENTS} where e.document_id = o.document_id and e.seq = o.seq offset 0) e on true
   order by o.id`;

/**
 * What other teams were just told of goes on to the compacted topic, where the newest state alone
 * counts: one row a document, however much happened meanwhile. A row that is there already gets a
 * new version, so that who is sending the older one does not remove it.
 */
const REMOVE = `
  with gone as (
    delete from outbox where id in (select value::bigint from jsonb_array_elements_text(?::jsonb) limit ?) returning topic, document_id, shard
  )
  insert into latest_queue (document_id, shard)
  select distinct document_id, shard from gone where topic = '${TOPICS.documentStatus}' order by document_id
  on conflict (document_id) do update set version = nextval('latest_queue_version')`;

const PARK = `
  update outbox o set parked_reason = p.reason from jsonb_to_recordset(?::jsonb) as p (id bigint, reason text) where o.id = p.id`;

/** `shards` answers the lanes that are this process' own at the time of a read. */
export function createOutbox({
  database,
  shards,
}: {
  database: Database;
  shards: () => readonly number[];
}): Outbox {
  return {
    read: async (limit) => {
      const own = shards();
      return own.length === 0
        ? []
        : (await database.query<Row>(READ, [JSON.stringify(own), limit])).map(toOutboxRow);
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
  if (row.id === null) throw new Error(`outbox row ${id} points at an event that is gone`);
  const event = serialiseEvent(toEvent(row));
  return topic === TOPICS.deadLetter ? toFailedRecord(event) : toStatusRecord(event);
}

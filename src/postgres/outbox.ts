import type { LogRecord, Outbox, OutboxRow } from '../documents/ports.js';
import { toJobRecord } from '../messages/job.js';
import { toStatusRecord } from '../messages/document-status.js';
import type { Database } from './database.js';
import type { SerialisedEvent } from '../documents/serialise.js';

interface Row {
  id: string;
  topic: string;
  key: string;
  payload: { documentId: string; generation: number } | null;
  event: SerialisedEvent | null;
}

/** Oldest first. A row is there until the log has acknowledged it; nothing is ever read by "id greater than the last one". */
const READ = `
  select o.id, o.topic, o.key, o.payload, e.event
    from outbox o left join document_events e on e.document_id = o.document_id and e.seq = o.seq
   order by o.id limit ?`;

export function createOutbox({ database }: { database: Database }): Outbox {
  return {
    read: async (limit) => (await database.query<Row>(READ, [limit])).map(toOutboxRow),
    remove: async (ids) => {
      await database.query('delete from outbox where id in (select value::bigint from jsonb_array_elements_text(?::jsonb))', [
        JSON.stringify(ids),
      ]);
    },
  };
}

function toOutboxRow(row: Row): OutboxRow {
  return { id: row.id, record: toRecord(row) };
}

function toRecord(row: Row): LogRecord {
  if (row.payload) return toJobRecord(row.payload);
  if (row.event) return toStatusRecord(row.event);
  throw new Error(`outbox row ${row.id} points at an event that is gone`);
}

import type { LatestQueue, LatestRow } from '../documents/ports.js';
import { serialiseEvent } from '../documents/serialise.js';
import { toLatestRecord, toTombstone } from '../messages/document-status.js';
import type { Database } from './database.js';
import { EVENTS, toEvent, type ChangedRow } from './record-change.js';

type Row = { document_id: string; shard: number; version: string } & (ChangedRow | { id: null });

/**
 * Reads the present state of each queued document, whatever it was when the row was queued. `id` is
 * null if the document no longer exists.
 */
const READ = `
  select q.document_id, q.shard, q.version, e.*
    from (select document_id, shard, version from latest_queue
           where shard = any (array(
                   select value::smallint from jsonb_array_elements_text(?::jsonb)))
           order by version limit ?) q
    left join lateral (
           ${EVENTS} where d.id = q.document_id and e.seq = d.seq offset 0) e on true
   order by q.version`;

const REMOVE = `
  delete from latest_queue q
   using jsonb_to_recordset(?::jsonb) as r (document_id uuid, version bigint)
   where q.document_id = r.document_id and q.version = r.version`;

/** The documents whose newest state has not been published on the compacted topic yet. */
export function createLatestQueue({
  database,
  shards,
}: {
  database: Database;
  /** Returns the shards that this process owns at the moment of the call. */
  shards: () => readonly number[];
}): LatestQueue {
  return {
    read: async (limit) => {
      const ownedShards = shards();
      if (ownedShards.length === 0) return [];
      const rows = await database.query<Row>(READ, [JSON.stringify(ownedShards), limit]);
      return rows.map(toLatestRow);
    },
    remove: async (rows) => {
      if (rows.length === 0) return;
      const keys = rows.map(({ documentId, version }) => ({ document_id: documentId, version }));
      await database.query(REMOVE, [JSON.stringify(keys)]);
    },
  };
}

function toLatestRow(row: Row): LatestRow {
  const { document_id: documentId, shard, version } = row;
  return {
    documentId,
    shard,
    version,
    record:
      row.id === null ? toTombstone(documentId) : toLatestRecord(serialiseEvent(toEvent(row))),
  };
}

import type { LatestQueue, LatestRow } from '../documents/ports.js';
import { serialiseEvent } from '../documents/serialise.js';
import { toLatestRecord, toTombstone } from '../messages/document-status.js';
import type { Database } from './database.js';
import { EVENTS, toEvent, type ChangedRow } from './record-change.js';

type Row = { document_id: string; shard: number; version: string } & (ChangedRow | { id: null });

/**
 * The state as it is now, whatever it was when the row was written; none when the document has
 * gone.
 */
const READ = `
  select q.document_id, q.shard, q.version, e.*
    from (select document_id, shard, version from latest_queue
           where shard = any (array(select value::smallint from jsonb_array_elements_text(?::jsonb)))
           order by version limit ?) q
    left join lateral (${EVENTS} where d.id = q.document_id and e.seq = d.seq offset 0) e on true
   order by q.version`;

const REMOVE = `
  delete from latest_queue q using jsonb_to_recordset(?::jsonb) as r (document_id uuid, version bigint)
   where q.document_id = r.document_id and q.version = r.version`;

/** Documents whose newest state is still to be told on the compacted topic. */
export function createLatestQueue({
  database,
  shards,
}: {
  database: Database;
  shards: () => readonly number[];
}): LatestQueue {
  return {
    read: async (limit) => {
      const own = shards();
      return own.length === 0
        ? []
        : (await database.query<Row>(READ, [JSON.stringify(own), limit])).map(toLatestRow);
    },
    remove: async (rows) => {
      if (rows.length === 0) return;
      await database.query(REMOVE, [
        JSON.stringify(
          rows.map(({ documentId, version }) => ({ document_id: documentId, version })),
        ),
      ]);
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

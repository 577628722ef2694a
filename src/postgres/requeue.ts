import { TOPICS, toShard } from '../messages/topics.js';
import type { Database } from './database.js';
import { RECORD_CHANGED } from './record-change.js';
import { READING_LOAD } from './rows.js';

/**
 * Starts a new generation of documents that completed before the cut-off, so that documents which
 * workers complete meanwhile are not queued again. Searches use the previous generation until the
 * new one is complete.
 */
const REQUEUE = `
  with due as (
    select id from documents where status = 'completed' and processed_at < ?::timestamptz
     order by processed_at limit ? for update skip locked
  ), changed as (
    update documents d
       set status = 'pending', seq = d.seq + 1, generation = d.generation + 1, attempt = 0,
           updated_at = clock_timestamp(), fair_at = clock_timestamp(),
           reading_load = ${READING_LOAD}, started_at = null, processed_at = null,
           next_attempt_at = null, progress_done = 0, chunk_count = null,
           error_code = null, error_cause = null, error_message = null, error_stage = null
      from due
     where d.id = due.id
    returning d.*, 'completed' as previous_status
  ), ${RECORD_CHANGED}`;

/** Rows per statement. */
const BATCH = 500;

/** Queues every completed document again and returns how many there are. */
export async function requeueCompleted(database: Database): Promise<number> {
  const [clock] = await database.query<{ now: string }>('select clock_timestamp() as now');
  let count = 0;
  for (;;) {
    const rows = await database.query(REQUEUE, [clock?.now, BATCH]);
    if (rows.length === 0) return count;
    count += rows.length;
  }
}

/** Deletes all vectors, their passages, and the record of the model that made them. */
export async function clearVectors(database: Database): Promise<void> {
  await database.query('truncate vectors, passages, vector_collection');
}

/**
 * Queues every event of the history for publication again, in order, and with it the newest state
 * of every document. Returns the number of queued events.
 */
export async function requeueEvents(database: Database): Promise<number> {
  const ids = await database.query<{ id: string }>(
    'select id from documents order by created_at, id',
  );
  let count = 0;
  for (let first = 0; first < ids.length; first += BATCH) {
    const rows = ids.slice(first, first + BATCH).map(({ id }) => ({ id, shard: toShard(id) }));
    const added = await database.query(REPLAY, [
      JSON.stringify(rows),
      TOPICS.documentStatus,
      TOPICS.documentStatus,
    ]);
    count += added.length;
  }
  return count;
}

/** Replaces rows that still wait; else they would come before the first event of the document. */
const REPLAY = `
  with replayed as (
    select id, shard from jsonb_to_recordset(?::jsonb) as r (id uuid, shard smallint)
  ), replaced as (
    delete from outbox o using replayed r where o.document_id = r.id and o.topic = ?
  )
  insert into outbox (shard, topic, key, document_id, seq)
  select r.shard, ?, e.document_id::text, e.document_id, e.seq
    from replayed r join document_events e on e.document_id = r.id
   order by e.document_id, e.seq
  returning id`;

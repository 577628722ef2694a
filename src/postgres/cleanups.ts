import type { Cleanup } from '../documents/ports.js';
import { toShard } from '../messages/topics.js';
import type { Database } from './database.js';
import { TERMINAL } from './status-lists.js';

/**
 * A CTE that follows one named `changed` and records which vectors searches no longer use: those
 * of an attempt that failed or was cancelled, and those of all generations before one that has just
 * completed. It is part of the statement that changes the document, so that a crash cannot lose the
 * cleanup.
 */
export const RECORD_CLEANUPS = `
  new_cleanups as (
    insert into cleanups (document_id, user_id, generations_below, only_generation)
    select id, user_id, case when status = 'completed' then generation end,
           case when status <> 'completed' then generation end
      from changed
     where status in ${TERMINAL} and (status <> 'completed' or generation > 1)
  )`;

interface CleanupRow {
  id: string;
  document_id: string;
  user_id: string;
  blob_key: string | null;
  generations_below: number | null;
  only_generation: number | null;
  removes_document: boolean;
  runs: number;
}

/**
 * Postpones the due cleanups that it returns: concurrent processes take other rows, and a cleanup
 * that keeps failing does not block the others.
 */
const TAKE_DUE = `
  update cleanups c set run_at = clock_timestamp() + interval '10 seconds'
    from (select id from cleanups where run_at <= clock_timestamp()
           order by run_at, id limit ? for update skip locked) due
   where c.id = due.id
  returning c.id, c.document_id, c.user_id, c.blob_key, c.generations_below, c.only_generation,
            c.removes_document, c.runs`;

export async function dueCleanups(database: Database, limit: number): Promise<Cleanup[]> {
  const rows = await database.query<CleanupRow>(TAKE_DUE, [limit]);
  return rows.map((row) => ({
    id: row.id,
    documentId: row.document_id,
    userId: row.user_id,
    blobKey: row.blob_key,
    generationsBelow: row.generations_below,
    onlyGeneration: row.only_generation,
    removesDocument: row.removes_document,
    runs: row.runs,
  }));
}

/** Removes a document and its history, but not before its last event has been published. */
const REMOVE_DOCUMENT = `
  with removed as (
    delete from documents where id = ? and status = 'deleting'
       and not exists (select 1 from outbox where document_id = ? and parked_reason is null)
    returning id
  )
  delete from document_events e using removed r where e.document_id = r.id`;

/** The relay publishes a tombstone on the compacted topic for a queued document without a row. */
const ENQUEUE_TOMBSTONE = `
  insert into latest_queue (document_id, shard) values (?, ?)
  on conflict (document_id) do update set version = nextval('latest_queue_version')`;

/**
 * The intervals to the second and third run of every cleanup. A write that was in flight during a
 * run can arrive after it: within seconds from a worker that had not heard of the change yet, or
 * much later from a machine that slept.
 */
const NEXT_RUNS = ['1 minute', '1 day'];
const RETRY_REMOVAL = '1 second';

const POSTPONE = `
  update cleanups set run_at = clock_timestamp() + ?::interval, runs = runs + ? where id = ?`;
const REMOVE_CLEANUP = 'delete from cleanups where id = ?';

/** Schedules the next run of a cleanup, or removes it after the last one. */
export async function finishCleanup(database: Database, cleanup: Cleanup): Promise<void> {
  await database.transaction(async (query) => {
    if (cleanup.removesDocument && !(await removeDocument(query, cleanup.documentId))) {
      await query(POSTPONE, [RETRY_REMOVAL, 0, cleanup.id]);
      return;
    }
    const nextRun = NEXT_RUNS[cleanup.runs];
    if (nextRun === undefined) await query(REMOVE_CLEANUP, [cleanup.id]);
    else await query(POSTPONE, [nextRun, 1, cleanup.id]);
  });
}

/** Returns true if the document no longer exists afterwards. */
async function removeDocument(query: Database['query'], documentId: string): Promise<boolean> {
  await query(REMOVE_DOCUMENT, [documentId, documentId]);
  if ((await query('select 1 from documents where id = ?', [documentId])).length > 0) return false;
  await query(ENQUEUE_TOMBSTONE, [documentId, toShard(documentId)]);
  return true;
}

import type { Cleanup } from '../documents/ports.js';
import type { StatusEvent } from '../documents/document.js';
import { toShard } from '../messages/topics.js';
import type { Database } from './database.js';
import { RECORD_CHANGED, toEvent, type ChangedRow } from './record-change.js';

/**
 * Vectors that no generation answers with any more: those of a run that failed or was cancelled,
 * and those of the generations before the one that has just been completed. Follows a CTE named
 * `changed`: written with the change, so that no crash forgets them.
 */
export const RECORD_CLEANUPS = `
  left_behind as (
    insert into cleanups (document_id, user_id, generations_below, only_generation)
    select id, user_id, case when status = 'completed' then generation end, case when status <> 'completed' then generation end
      from changed
     where status in ('failed', 'cancelled') or status = 'completed' and generation > 1
  )`;

/** From here on nobody sees the document; what it left behind is a row of its own. */
const MARK_DELETING = `
  with changed as (
    update documents d
       set status = 'deleting', seq = d.seq + 1, updated_at = clock_timestamp(), next_attempt_at = null, lease_token = null,
           lease_until = null, dedupe_hash = null
      from (select id, status from documents where id = ? and user_id = ? and status <> 'deleting' for update) before
     where d.id = before.id
    returning d.*, before.status as previous_status
  ), left_behind as (
    insert into cleanups (document_id, user_id, blob_key, removes_document) select id, user_id, blob_key, true from changed
  ), ${RECORD_CHANGED}`;

export async function markDeleting(
  database: Database,
  userId: string,
  id: string,
): Promise<StatusEvent | null> {
  const [row] = await database.query<ChangedRow>(MARK_DELETING, [id, userId]);
  return row ? toEvent(row) : null;
}

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
 * Whoever reads one has it for a while: another process takes others, and one that fails again and
 * again holds up none.
 */
const TAKE = `
  update cleanups c set run_at = clock_timestamp() + interval '10 seconds'
    from (select id from cleanups where run_at <= clock_timestamp() order by run_at, id limit ? for update skip locked) due
   where c.id = due.id
  returning c.id, c.document_id, c.user_id, c.blob_key, c.generations_below, c.only_generation, c.removes_document, c.runs`;

export async function dueCleanups(database: Database, limit: number): Promise<Cleanup[]> {
  const rows = await database.query<CleanupRow>(TAKE, [limit]);
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

/** The history leaves with the row, but not before the outbox has told everybody the last event. */
const REMOVE_DOCUMENT = `
  with removed as (
    delete from documents where id = ? and status = 'deleting'
       and not exists (select 1 from outbox where document_id = ? and parked_reason is null)
    returning id
  )
  delete from document_events e using removed r where e.document_id = r.id`;

/** The compacted topic forgets it: a document that is not there any more is told as a tombstone. */
const TELL_GONE = `
  insert into latest_queue (document_id, shard) values (?, ?)
  on conflict (document_id) do update set version = nextval('latest_queue_version')`;

/**
 * A write that was under way when a run looked can arrive after it: by a worker that had not yet
 * heard, within seconds; by one whose machine slept, much later. So every cleanup runs again, and
 * once more.
 */
const NEXT_RUNS = ['1 minute', '1 day'];
const REMOVE_DOCUMENT_AGAIN = '1 second';

const POSTPONE = `update cleanups set run_at = clock_timestamp() + ?::interval, runs = runs + ? where id = ?`;

export async function finishCleanup(database: Database, cleanup: Cleanup): Promise<void> {
  await database.transaction(async (query) => {
    if (cleanup.removesDocument && !(await removeDocument(query, cleanup.documentId))) {
      return void (await query(POSTPONE, [REMOVE_DOCUMENT_AGAIN, 0, cleanup.id]));
    }
    const next = NEXT_RUNS[cleanup.runs];
    if (next === undefined)
      return void (await query('delete from cleanups where id = ?', [cleanup.id]));
    await query(POSTPONE, [next, 1, cleanup.id]);
  });
}

/** Answers whether the row is gone. */
async function removeDocument(query: Database['query'], documentId: string): Promise<boolean> {
  await query(REMOVE_DOCUMENT, [documentId, documentId]);
  if ((await query('select 1 from documents where id = ?', [documentId])).length > 0) return false;
  await query(TELL_GONE, [documentId, toShard(documentId)]);
  return true;
}

/**
 * A key is the id of its document; what is no id is nobody's. `offset 0`: each is looked up, where
 * the server would rather hash all documents.
 */
const UNKNOWN_KEYS = `
  select key from jsonb_array_elements_text(?::jsonb) as keys (key)
   where not exists (
           select 1 from documents
            where id = case when keys.key ~ '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then keys.key::uuid end offset 0)`;

/** For blobs left by a process that died between the file and the row. */
export async function findOrphanedBlobs(
  database: Database,
  keys: readonly string[],
): Promise<string[]> {
  if (keys.length === 0) return [];
  const rows = await database.query<{ key: string }>(UNKNOWN_KEYS, [JSON.stringify(keys)]);
  return rows.map((row) => row.key);
}

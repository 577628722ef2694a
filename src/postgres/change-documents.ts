import type { Change } from '../documents/ports.js';
import type { StatusEvent } from '../documents/document.js';
import { isAllowedChange } from '../documents/status.js';
import { RECORD_CLEANUPS } from './cleanups.js';
import type { Database } from './database.js';
import { RECORD_CHANGED, toEvent, type ChangedRow } from './record-change.js';
import { fromStatus } from './rows.js';
import { RELEASES_HASH, RUNNING, TERMINAL } from './status-lists.js';

/**
 * Compare-and-set on (status, generation, lease token). A status that is not running clears the
 * lease; FAILED, CANCELLED and DELETING release the dedupe hash, so that the same bytes can be
 * uploaded again. The limit gives the planner the number of changes: without it the planner expects
 * 100 rows and reads the whole table.
 */
const CHANGE = `
  with changed as (
    update documents d
       set status = c.to_status, seq = d.seq + 1, updated_at = clock_timestamp(),
           chunk_count = coalesce(c.chunk_count, d.chunk_count),
           progress_done = greatest(d.progress_done, coalesce(c.progress_done, 0)),
           vector_count = coalesce(c.vector_count, d.vector_count),
           live_generation = coalesce(c.live_generation, d.live_generation),
           error_code = case when c.sets_error then c.error_code else d.error_code end,
           error_cause = case when c.sets_error then c.error_cause else d.error_cause end,
           error_message = case when c.sets_error then c.error_message else d.error_message end,
           error_stage = case when c.sets_error then c.error_stage else d.error_stage end,
           next_attempt_at = clock_timestamp() + c.next_attempt_in_ms * interval '1 millisecond',
           processed_at = case when c.to_status in ${TERMINAL} then clock_timestamp() end,
           lease_token = case when c.to_status in ${RUNNING} then d.lease_token end,
           lease_until = case when c.to_status in ${RUNNING} then d.lease_until end,
           dedupe_hash = case when c.to_status in ${RELEASES_HASH} then null
                              else d.dedupe_hash end
      from (select * from jsonb_to_recordset(?::jsonb) as x (
              document_id uuid, generation integer, from_status text, to_status text,
              lease_token uuid, chunk_count integer, progress_done integer, vector_count integer,
              live_generation integer, sets_error boolean, error_code text, error_cause text,
              error_message text, error_stage text, next_attempt_in_ms double precision)
            limit ?) c
     where d.id = c.document_id and d.generation = c.generation and d.status = c.from_status
       and (c.lease_token is null or d.lease_token = c.lease_token)
    returning d.*, c.from_status as previous_status
  ), ${RECORD_CLEANUPS}, ${RECORD_CHANGED}`;

/**
 * Applies all changes in one statement. A result is null if the row was no longer in the expected
 * state. Throws RangeError, before anything is written, if a change is not allowed.
 */
export async function changeDocuments(
  database: Database,
  changes: readonly Change[],
): Promise<(StatusEvent | null)[]> {
  for (const change of changes) assertAllowed(change);
  const rows = await database.query<ChangedRow>(CHANGE, [
    JSON.stringify(changes.map(toChangeRow)),
    changes.length,
  ]);
  const byDocument = new Map(rows.map((row) => [row.id, toEvent(row)]));
  return changes.map((change) => byDocument.get(change.documentId) ?? null);
}

function assertAllowed(change: Change): void {
  if (!isAllowedChange(change))
    throw new RangeError(`a document cannot change from ${change.from} to ${change.to}`);
}

function toChangeRow(change: Change): object {
  const set = change.set ?? {};
  return {
    document_id: change.documentId,
    generation: change.generation,
    from_status: fromStatus(change.from),
    to_status: fromStatus(change.to),
    lease_token: change.leaseToken ?? null,
    chunk_count: set.chunkCount ?? null,
    progress_done: set.progressDone ?? null,
    vector_count: set.vectorCount ?? null,
    live_generation: set.liveGeneration ?? null,
    sets_error: set.error !== undefined,
    error_code: set.error?.code ?? null,
    error_cause: set.error?.cause ?? null,
    error_message: set.error?.message ?? null,
    error_stage: set.error ? fromStatus(set.error.stage) : null,
    next_attempt_in_ms: set.nextAttemptInMs ?? null,
  };
}

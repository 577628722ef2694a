import type { StatusEvent } from '../documents/document.js';
import { RECORD_CLEANUPS } from './cleanups.js';
import type { Database } from './database.js';
import { RECORD_CHANGED, toEvent, type ChangedRow } from './record-change.js';

const RENEW = `
  update documents d
     set lease_until = clock_timestamp() + ? * interval '1 millisecond',
         progress_done = greatest(d.progress_done, r.progress_done)
    from (select * from jsonb_to_recordset(?::jsonb)
                     as x (document_id uuid, lease_token uuid, progress_done integer) limit ?) r
   where d.id = r.document_id and d.lease_token = r.lease_token
  returning d.lease_token`;

/** Prolongs leases and writes progress. Returns the tokens that are no longer valid. */
export async function renewLeases(
  database: Database,
  leases: readonly { documentId: string; leaseToken: string; progressDone: number }[],
  leaseMs: number,
): Promise<string[]> {
  if (leases.length === 0) return [];
  const rows = leases.map((lease) => ({
    document_id: lease.documentId,
    lease_token: lease.leaseToken,
    progress_done: lease.progressDone,
  }));
  const renewed = await database.query<{ lease_token: string }>(RENEW, [
    leaseMs,
    JSON.stringify(rows),
    rows.length,
  ]);
  const validTokens = new Set(renewed.map((row) => row.lease_token));
  return leases.map((lease) => lease.leaseToken).filter((token) => !validTokens.has(token));
}

/**
 * The number of attempts after which a document fails although every lease was lost. A lost worker
 * uses up an attempt, but a restart of the whole product is not the fault of a document, so this is
 * far more than `max_attempts`.
 */
const MAX_LOST_ATTEMPTS = 25;

/** Per statement. */
const MAX_RECLAIMED = 500;

const RECLAIM = `
  with expired as (
    select id, status,
           attempt >= (case when ? then greatest(max_attempts, ${MAX_LOST_ATTEMPTS})
                            else max_attempts end) as exhausted
      from documents
     where lease_until is not null and (? or lease_until < clock_timestamp())
     order by lease_until limit ${MAX_RECLAIMED} for update skip locked
  ), changed as (
    update documents d
       set status = case when t.exhausted then 'failed' else 'pending' end, seq = d.seq + 1,
           updated_at = clock_timestamp(),
           error_code = case when t.exhausted then 'ATTEMPTS_EXHAUSTED' else 'WORKER_LOST' end,
           error_cause = case when t.exhausted then 'WORKER_LOST' end,
           error_message = case when t.exhausted then 'The worker was lost on every attempt.'
                                else 'The worker was lost; another one takes over.' end,
           error_stage = t.status, next_attempt_at = null, lease_token = null, lease_until = null,
           dedupe_hash = case when t.exhausted then null else d.dedupe_hash end,
           processed_at = case when t.exhausted then clock_timestamp() end
      from expired t
     where d.id = t.id
    returning d.*, t.status as previous_status
  ), ${RECORD_CLEANUPS}, ${RECORD_CHANGED}`;

/**
 * Reclaims expired leases, or with `all` every lease. Their documents return to PENDING, or become
 * FAILED if no attempts are left.
 */
export async function reclaimExpiredLeases(
  database: Database,
  all: boolean,
): Promise<StatusEvent[]> {
  const events: StatusEvent[] = [];
  for (;;) {
    const rows = await database.query<ChangedRow>(RECLAIM, [all, all]);
    events.push(...rows.map(toEvent));
    if (rows.length === 0) return events;
  }
}

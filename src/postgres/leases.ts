import type { StatusEvent } from '../documents/document.js';
import { RECORD_CLEANUPS } from './cleanups.js';
import type { Database } from './database.js';
import { RECORD_CHANGED, toEvent, type ChangedRow } from './record-change.js';

/** Looked at beyond what one claim takes: enough to find somebody else's document behind a few of one user. */
const MORE_CANDIDATES = 64;

const CLAIM = `
  with running as (
    select user_id, count(*)::integer as documents from documents where lease_until is not null group by user_id
  ), candidates as (
    select id, user_id, fair_at from documents
     where status = 'pending'
       and (scheduled_for is null or scheduled_for <= clock_timestamp())
       and (next_attempt_at is null or next_attempt_at <= clock_timestamp())
     order by fair_at, id limit ? for update skip locked
  ), places as (
    select c.id, c.fair_at, coalesce(r.documents, 0) + row_number() over (partition by c.user_id order by c.fair_at, c.id) as place
      from candidates c left join running r using (user_id)
  ), best as materialized (
    select id from places order by (place > ?), fair_at, id limit ?
  ), changed as (
    update documents d
       set status = 'extracting', seq = d.seq + 1, attempt = d.attempt + 1, updated_at = clock_timestamp(),
           started_at = coalesce(d.started_at, clock_timestamp()), next_attempt_at = null, progress_done = 0, chunk_count = null,
           lease_token = gen_random_uuid(), lease_until = clock_timestamp() + ? * interval '1 millisecond'
     where d.id = any (array(select id from best))
    returning d.*, 'pending' as previous_status
  ), ${RECORD_CHANGED}`;

/** Takes the best due documents; others that claim at the same time skip the rows this one holds. */
export async function claimDocuments(
  database: Database,
  options: { limit: number; leaseMs: number; maxPerUser: number },
): Promise<{ rows: ChangedRow[]; events: StatusEvent[] }> {
  const rows = await database.query<ChangedRow>(CLAIM, [
    options.limit + MORE_CANDIDATES,
    options.maxPerUser,
    options.limit,
    options.leaseMs,
  ]);
  rows.sort((a, b) => Date.parse(a.fair_at) - Date.parse(b.fair_at));
  return { rows, events: rows.map(toEvent) };
}

const RENEW = `
  update documents d
     set lease_until = clock_timestamp() + ? * interval '1 millisecond', progress_done = greatest(d.progress_done, r.progress_done)
    from (select * from jsonb_to_recordset(?::jsonb) as x (document_id uuid, lease_token uuid, progress_done integer) limit ?) r
   where d.id = r.document_id and d.lease_token = r.lease_token
  returning d.lease_token`;

/** Answers the tokens that no longer hold. */
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
  const held = await database.query<{ lease_token: string }>(RENEW, [leaseMs, JSON.stringify(rows), rows.length]);
  const holding = new Set(held.map((row) => row.lease_token));
  return leases.map((lease) => lease.leaseToken).filter((token) => !holding.has(token));
}

/** A lost worker uses up an attempt, but a restart of the whole product is nobody's fault: only a document that was lost this often is given up. */
const LOST_LIMIT = 25;

const MAX_TAKEN_BACK = 500;

const TAKE_BACK = `
  with expired as (
    select id, status, attempt >= (case when ? then greatest(max_attempts, ${String(LOST_LIMIT)}) else max_attempts end) as exhausted
      from documents
     where lease_until is not null and (? or lease_until < clock_timestamp())
     order by lease_until limit ${String(MAX_TAKEN_BACK)} for update skip locked
  ), changed as (
    update documents d
       set status = case when t.exhausted then 'failed' else 'pending' end, seq = d.seq + 1, updated_at = clock_timestamp(),
           error_code = case when t.exhausted then 'ATTEMPTS_EXHAUSTED' else 'WORKER_LOST' end,
           error_cause = case when t.exhausted then 'WORKER_LOST' end,
           error_message = case when t.exhausted then 'The worker was lost on every try.'
                                else 'The worker was lost; another one takes over.' end,
           error_stage = t.status, next_attempt_at = null, lease_token = null, lease_until = null,
           dedupe_hash = case when t.exhausted then null else d.dedupe_hash end,
           processed_at = case when t.exhausted then clock_timestamp() end
      from expired t
     where d.id = t.id
    returning d.*, t.status as previous_status
  ), ${RECORD_CLEANUPS}, ${RECORD_CHANGED}`;

/** Expired leases, or all of them: back to PENDING, or FAILED when no attempts are left. */
export async function takeBackLeases(database: Database, all: boolean): Promise<StatusEvent[]> {
  const events: StatusEvent[] = [];
  for (;;) {
    const rows = await database.query<ChangedRow>(TAKE_BACK, [all, all]);
    events.push(...rows.map(toEvent));
    if (rows.length === 0) return events;
  }
}

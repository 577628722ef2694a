/**
 * Which document is next? The queue is an order of the waiting documents by (fair_at, id):
 *
 * - `fair_at` is computed once, when the row is inserted, so that a claim reads an index and needs
 *   no window function over all waiting documents.
 * - The next waiting document of a user comes a minute after the previous one of that user, and
 *   thus after the first one of every other user. A scheduled document comes at its own time.
 * - Priority HIGH moves a document ten minutes ahead, LOW ten minutes back, so that no document
 *   waits for ever.
 *
 * A claim takes due documents in that order, within the limits that one worker process passes.
 */
import { randomInt } from 'node:crypto';
import type { StatusEvent } from '../documents/document.js';
import type { ClaimLimits, ClaimOptions, UserLoad } from '../documents/ports.js';
import { READING_LOADS, type ReadingLoad } from '../documents/reading-load.js';
import type { Database } from './database.js';
import { RECORD_CHANGED, toEvent, type ChangedRow } from './record-change.js';
import { fromReadingLoad } from './rows.js';

const TURN_INTERVAL = `interval '1 minute'`;
const PRIORITY_INTERVAL = `interval '10 minutes'`;

/**
 * The turn of a waiting document: `fair_at` without the priority. Null for documents that do not
 * wait or are scheduled. The index of migration 0006 has this expression.
 */
const TURN = `
  case when status = 'pending' and scheduled_for is null
       then (fair_at at time zone 'UTC') - (priority - 1) * ${PRIORITY_INTERVAL} end`;

/** Returns a subquery for the turn after a user's last one, which reads one end of that index. */
export function nextTurnOf(userId: string): string {
  return `
    select (${TURN}) at time zone 'UTC' + ${TURN_INTERVAL} as next_turn
      from documents
     where user_id = ${userId} and (${TURN}) is not null
     order by ${TURN} desc
     limit 1`;
}

/**
 * The `fair_at` of a new row. `ahead` is the number of the user's unscheduled documents before it
 * in the same statement, `nextTurn` the result of nextTurnOf or null.
 */
export function fairAtOf(row: string, nextTurn: string): string {
  return `
    greatest(clock_timestamp(), ${row}.scheduled_for,
             greatest(clock_timestamp(), ${nextTurn}) + ${row}.ahead * ${TURN_INTERVAL})
      + (${row}.priority - 1) * ${PRIORITY_INTERVAL}`;
}

const IS_DUE = `
  (scheduled_for is null or scheduled_for <= clock_timestamp())
  and (next_attempt_at is null or next_attempt_at <= clock_timestamp())`;

/** Returns how many documents are ahead of each of these that is due; other ids are left out. */
export async function readQueuePositions(
  database: Database,
  ids: readonly string[],
): Promise<Map<string, number>> {
  const rows = await database.query<{ id: string; ahead: number }>(
    `select d.id, (select count(*)::integer from documents
                    where status = 'pending' and (fair_at, id) < (d.fair_at, d.id)
                      and ${IS_DUE}) as ahead
       from jsonb_array_elements_text(?::jsonb) requested
      cross join lateral (
              select id, fair_at, status = 'pending' and ${IS_DUE} as is_due
                from documents where id = requested.value::uuid limit 1) d
      where d.is_due`,
    [JSON.stringify(ids)],
  );
  return new Map(rows.map((row) => [row.id, row.ahead]));
}

/**
 * The number of documents that a claim reads beyond those it takes: enough to find a document of
 * another user behind a few of one user.
 */
const MORE_CANDIDATES = 64;
/**
 * If fewer waiting users than this are among the candidates, users for whom this process works left
 * out, other users may be hidden behind them.
 */
const FEW_USERS = 16;
/** The greatest number of hidden users that a claim looks for. */
const MORE_USERS = 64;

/** The indexes of migration 0008 have these expressions. Null for documents that do not wait. */
const LOAD = `case when status = 'pending' then reading_load end`;
const WAITING_USER = `case when status = 'pending' then user_id end`;

const [, SMALL, LARGE] = READING_LOADS.map(fromReadingLoad).map(String);

/**
 * The first documents of each reading load. If few users fill that list, also the first document of
 * each of more users: the statement skips from user to user in an index, starting at a random user,
 * so that no user is passed over for ever. A claim therefore reads as few rows behind 100,000
 * documents of one user as behind ten.
 */
const CANDIDATES = `
  nearest as materialized (
    select l.load, d.*
      from unnest(?::smallint[]) as l (load)
     cross join lateral (
             select id, user_id, fair_at from documents where ${LOAD} = l.load and ${IS_DUE}
              order by fair_at, id limit ? for update skip locked) d
  ), loads_of_few_users as materialized (
    select n.load from nearest n left join user_loads o using (user_id)
     group by n.load
    having count(*) >= ?
       and count(distinct user_id) filter (where coalesce(o.running, 0) = 0) < ${FEW_USERS}
  ), more_users (user_id, number) as (
    select coalesce(
             (select ${WAITING_USER} from documents
               where (${WAITING_USER}) >= ? order by (${WAITING_USER}) limit 1),
             (select ${WAITING_USER} from documents
               where (${WAITING_USER}) is not null order by (${WAITING_USER}) limit 1)), 1
     where exists (select from loads_of_few_users)
     union all
    select (select ${WAITING_USER} from documents
             where (${WAITING_USER}) > m.user_id order by (${WAITING_USER}) limit 1), m.number + 1
      from more_users m where m.user_id is not null and m.number < ${MORE_USERS}
  ), candidates as (
    select * from nearest
     union all
    select l.load, d.*
      from more_users m cross join loads_of_few_users l
     cross join lateral (
             select id, user_id, fair_at from documents
              where (${WAITING_USER}) = m.user_id and reading_load = l.load and ${IS_DUE}
              order by fair_at, id limit 1 for update skip locked) d
     where not exists (select from nearest n where n.user_id = m.user_id and n.load = l.load)
  )`;

/**
 * Documents that need a reader are taken only as far as readers are free: at most so many per user,
 * then at most so many large files, then at most so many in all. Documents of users who have read
 * for long come last. All remaining documents share the capacity of the worker; its last part is
 * reserved for users for whom this process does not work.
 */
const CLAIM = `
  with recursive user_loads as materialized (
    select * from jsonb_to_recordset(?::jsonb)
             as x (user_id text, running integer, reading integer, reading_steps integer) limit ?
  ), running as (
    select user_id, count(*)::integer as documents
      from documents where lease_until is not null group by user_id
  ), ${CANDIDATES}, eligible as (
    select c.*, coalesce(o.running, 0) as running, coalesce(o.reading, 0) as reading,
           coalesce(o.reading_steps, 0) as steps,
           coalesce(r.documents, 0)
             + row_number() over (partition by c.user_id order by c.fair_at, c.id) > ?
             as is_over_limit
      from candidates c left join user_loads o using (user_id) left join running r using (user_id)
     where ? or coalesce(o.running, 0) = 0
  ), readable_by_user as (
    select *, reading + row_number() over (partition by user_id order by fair_at, id) as user_rank
      from eligible where load >= ${SMALL}
  ), readable as (
    select *, row_number() over (partition by load order by steps, is_over_limit, fair_at, id)
                as load_rank
      from readable_by_user where user_rank <= ?
  ), with_reader as (
    select id from readable where load < ${LARGE} or load_rank <= ?
     order by steps, is_over_limit, fair_at, id limit ?
  ), ranked as (
    select id,
           running + row_number() over (partition by user_id order by is_over_limit, fair_at, id)
             as user_rank,
           row_number() over (order by is_over_limit, fair_at, id) as rank
      from eligible where load < ${SMALL} or id in (select id from with_reader)
  ), best as materialized (
    select id from ranked where user_rank = 1 or rank <= ? order by rank limit ?
  ), changed as (
    update documents d
       set status = 'extracting', seq = d.seq + 1, attempt = d.attempt + 1,
           updated_at = clock_timestamp(),
           started_at = coalesce(d.started_at, clock_timestamp()), next_attempt_at = null,
           progress_done = 0, chunk_count = null, lease_token = gen_random_uuid(),
           lease_until = clock_timestamp() + ? * interval '1 millisecond'
     where d.id = any (array(select id from best))
    returning d.*, 'pending' as previous_status
  ), ${RECORD_CHANGED}`;

/**
 * Takes the best due documents and returns their rows in the order of the queue. Concurrent claims
 * skip the rows that this one locks.
 */
export async function claimDocuments(
  database: Database,
  options: ClaimOptions,
): Promise<{ rows: ChangedRow[]; events: StatusEvent[] }> {
  const rows = await database.query<ChangedRow>(CLAIM, toParameters(options));
  rows.sort((a, b) => Date.parse(a.fair_at) - Date.parse(b.fair_at));
  return { rows, events: rows.map(toEvent) };
}

/** Returns the parameters in the order in which CLAIM names them. */
function toParameters({
  limit,
  leaseMs,
  maxPerUser,
  limits = withoutLimits(limit),
}: ClaimOptions): unknown[] {
  const { users, readers, largeReaders, maxReadingPerUser, reservedSlots } = limits;
  const candidateLimit = limit + MORE_CANDIDATES;
  const sharedCapacity = Math.max(0, limit - reservedSlots);
  return [
    JSON.stringify(users.map(toRow)),
    users.length,
    claimableLoads(limits).map(fromReadingLoad),
    candidateLimit,
    candidateLimit,
    randomStart(),
    maxPerUser,
    sharedCapacity > 0,
    maxReadingPerUser,
    largeReaders,
    readers,
    sharedCapacity,
    limit,
    leaseMs,
  ];
}

function claimableLoads({ readers, largeReaders }: ClaimLimits): ReadingLoad[] {
  return READING_LOADS.filter(
    (load) => load === 'NONE' || (readers > 0 && (load === 'SMALL' || largeReaders > 0)),
  );
}

function withoutLimits(limit: number): ClaimLimits {
  return {
    readers: limit,
    largeReaders: limit,
    maxReadingPerUser: limit,
    reservedSlots: 0,
    users: [],
  };
}

function toRow({ userId, running, reading, readingSteps }: UserLoad): object {
  return { user_id: userId, running, reading, reading_steps: readingSteps };
}

const ID_CHARACTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Returns a random start among user ids. Most ids begin with a letter or a digit. */
function randomStart(): string {
  return Array.from({ length: 2 }, () => ID_CHARACTERS[randomInt(ID_CHARACTERS.length)]).join('');
}

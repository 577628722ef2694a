import { randomInt } from 'node:crypto';
import type { StatusEvent } from '../documents/document.js';
import type { ClaimLimits, ClaimOptions, UserLoad } from '../documents/ports.js';
import { READING_LOADS, type ReadingLoad } from '../documents/reading-load.js';
import type { Database } from './database.js';
import { RECORD_CHANGED, toEvent, type ChangedRow } from './record-change.js';
import { fromReadingLoad } from './rows.js';

/**
 * Looked at beyond what one claim takes: enough to find somebody else's document behind a few of
 * one user.
 */
const MORE_CANDIDATES = 64;
/**
 * A window in which fewer users wait than this, those at work left out, may hide others behind it.
 */
const FEW_USERS = 16;
/** Users who are looked for behind such a window, at most. */
const MORE_USERS = 64;

const IS_DUE = `
  (scheduled_for is null or scheduled_for <= clock_timestamp()) and (next_attempt_at is null or next_attempt_at <= clock_timestamp())`;

/** As the indexes of the migration 0008 have them: null for what does not wait. */
const LOAD = `case when status = 'pending' then reading_load end`;
const WAITING_USER = `case when status = 'pending' then user_id end`;

const [, SMALL, LARGE] = READING_LOADS.map(fromReadingLoad);

/**
 * The first documents of each load, and behind them, where a few users fill that window, the first
 * document of each of more users: they are found by skipping from user to user in an index, from a
 * random one on, so that nobody is passed over for ever. A claim therefore reads as little behind
 * 100,000 documents of one user as behind ten.
 */
const CANDIDATES = `
  nearest as materialized (
    select l.load, d.*
      from unnest(?::smallint[]) as l (load)
     cross join lateral (
             select id, user_id, fair_at from documents where ${LOAD} = l.load and ${IS_DUE}
              order by fair_at, id limit ? for update skip locked) d
  ), crowded as materialized (
    select n.load from nearest n left join own o using (user_id)
     group by n.load
    having count(*) >= ? and count(distinct user_id) filter (where coalesce(o.running, 0) = 0) < ${FEW_USERS}
  ), more_users (user_id, number) as (
    select coalesce(
             (select ${WAITING_USER} from documents where (${WAITING_USER}) >= ? order by (${WAITING_USER}) limit 1),
             (select ${WAITING_USER} from documents where (${WAITING_USER}) is not null order by (${WAITING_USER}) limit 1)), 1
     where exists (select from crowded)
     union all
    select (select ${WAITING_USER} from documents where (${WAITING_USER}) > m.user_id order by (${WAITING_USER}) limit 1), m.number + 1
      from more_users m where m.user_id is not null and m.number < ${MORE_USERS}
  ), candidates as (
    select * from nearest
     union all
    select c.load, d.*
      from more_users m cross join crowded c
     cross join lateral (
             select id, user_id, fair_at from documents
              where (${WAITING_USER}) = m.user_id and reading_load = c.load and ${IS_DUE}
              order by fair_at, id limit 1 for update skip locked) d
     where not exists (select from nearest n where n.user_id = m.user_id and n.load = c.load)
  )`;

/**
 * What needs a reader is taken only as far as there are free ones: first one document a user beyond
 * whom they may have, then as many large files, then as many files as may be. Those of users who
 * have read for long come last. Then everything that is left shares the places; the last ones go to
 * users of whom nothing runs here.
 */
const CLAIM = `
  with recursive own as materialized (
    select * from jsonb_to_recordset(?::jsonb) as x (user_id text, running integer, reading integer, reading_steps integer) limit ?
  ), running as (
    select user_id, count(*)::integer as documents from documents where lease_until is not null group by user_id
  ), ${CANDIDATES}, open as (
    select c.*, coalesce(o.running, 0) as running, coalesce(o.reading, 0) as reading, coalesce(o.reading_steps, 0) as steps,
           coalesce(r.documents, 0) + row_number() over (partition by c.user_id order by c.fair_at, c.id) > ? as is_over
      from candidates c left join own o using (user_id) left join running r using (user_id)
     where ? or coalesce(o.running, 0) = 0
  ), readable_by_user as (
    select *, reading + row_number() over (partition by user_id order by fair_at, id) as place from open where load >= ${String(SMALL)}
  ), readable as (
    select *, row_number() over (partition by load order by steps, is_over, fair_at, id) as place_of_load
      from readable_by_user where place <= ?
  ), readers as (
    select id from readable where load < ${String(LARGE)} or place_of_load <= ? order by steps, is_over, fair_at, id limit ?
  ), places as (
    select id, running + row_number() over (partition by user_id order by is_over, fair_at, id) as place,
           row_number() over (order by is_over, fair_at, id) as number
      from open where load < ${String(SMALL)} or id in (select id from readers)
  ), best as materialized (
    select id from places where place = 1 or number <= ? order by number limit ?
  ), changed as (
    update documents d
       set status = 'extracting', seq = d.seq + 1, attempt = d.attempt + 1, updated_at = clock_timestamp(),
           started_at = coalesce(d.started_at, clock_timestamp()), next_attempt_at = null, progress_done = 0, chunk_count = null,
           lease_token = gen_random_uuid(), lease_until = clock_timestamp() + ? * interval '1 millisecond'
     where d.id = any (array(select id from best))
    returning d.*, 'pending' as previous_status
  ), ${RECORD_CHANGED}`;

/**
 * Takes the best due documents; others that claim at the same time skip the rows this one holds.
 */
export async function claimDocuments(
  database: Database,
  options: ClaimOptions,
): Promise<{ rows: ChangedRow[]; events: StatusEvent[] }> {
  const rows = await database.query<ChangedRow>(CLAIM, toParameters(options));
  rows.sort((a, b) => Date.parse(a.fair_at) - Date.parse(b.fair_at));
  return { rows, events: rows.map(toEvent) };
}

function toParameters({
  limit,
  leaseMs,
  maxPerUser,
  limits = withoutLimits(limit),
}: ClaimOptions): unknown[] {
  const { users, readers, largeReaders, maxReadingPerUser, reservedSlots } = limits;
  const lookedAt = limit + MORE_CANDIDATES;
  const sharedPlaces = Math.max(0, limit - reservedSlots);
  return [
    ...[JSON.stringify(users.map(toRow)), users.length],
    ...[claimableLoads(limits).map(fromReadingLoad), lookedAt, lookedAt, randomStart()],
    ...[maxPerUser, sharedPlaces > 0],
    ...[maxReadingPerUser, largeReaders, readers],
    ...[sharedPlaces, limit, leaseMs],
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

/**
 * Where to begin among the ids of users, of which nothing is known but that most begin with a
 * letter or a digit.
 */
function randomStart(): string {
  return Array.from({ length: 2 }, () => ID_CHARACTERS[randomInt(ID_CHARACTERS.length)]).join('');
}

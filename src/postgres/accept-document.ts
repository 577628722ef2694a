import { createGroupCommit } from '../runtime/group-commit.js';
import type { Accepted, NewDocument } from '../documents/ports.js';
import { ApiError } from '../errors.js';
import type { Database } from './database.js';
import { DOCUMENT_COLUMNS, type DocumentRow } from './entities.js';
import { RECORD_CHANGED, toEvent, type ChangedRow } from './record-change.js';
import { fromPriority, READING_LOAD, toDocument } from './rows.js';

type Query = Database['query'];
type Outcome = PromiseSettledResult<Accepted>;

const MAX_BATCH = 100;

/**
 * Uploads that come at once share a transaction: the commit and its round trips are most of what
 * one costs. When two bring the same bytes at once, the unique index lets one in and the other
 * finds it.
 */
export function createAcceptDocument(
  database: Database,
  maxAttempts: number,
): (document: NewDocument) => Promise<Accepted> {
  /** Again for those whose twin has gone between the two statements. */
  async function acceptAll(documents: readonly NewDocument[]): Promise<Accepted[]> {
    const accepted = new Map<string, Accepted>();
    for (let open = documents; open.length > 0; open = open.filter(({ id }) => !accepted.has(id))) {
      const some = await insertOrFind(database.query, open, maxAttempts);
      for (const [id, answer] of some) accepted.set(id, answer);
    }
    return documents.flatMap(({ id }) => accepted.get(id) ?? []);
  }

  const accept = createGroupCommit<NewDocument, Outcome>(MAX_BATCH, async (batch) => {
    try {
      return (await acceptAll(batch)).map((value) => ({ status: 'fulfilled', value }));
    } catch (error) {
      if (batch.length === 1 || isAway(error)) throw error;
      // It is one of them that cannot be written, and only that one is to fail.
      return Promise.allSettled(batch.map((document) => acceptAll([document]).then(only)));
    }
  });

  return async (document) => {
    const outcome = await accept(document);
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  };
}

function only([accepted]: readonly Accepted[]): Accepted {
  if (!accepted) throw new RangeError('A document was neither written nor found.');
  return accepted;
}

function isAway(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'DEPENDENCY_UNAVAILABLE';
}

/**
 * By the id that was asked for; those that are missing stood behind one that has gone since, and
 * are to be tried again.
 */
async function insertOrFind(
  query: Query,
  documents: readonly NewDocument[],
  maxAttempts: number,
): Promise<Map<string, Accepted>> {
  const asked = documents.map((document, place) => toAskedRow(document, place, maxAttempts));
  const accepted = new Map<string, Accepted>();
  for (const row of await query<ChangedRow>(INSERT, [JSON.stringify(asked)]))
    accepted.set(row.id, { document: toDocument(row), event: toEvent(row), duplicateOf: null });
  const others = asked.filter(({ id }) => !accepted.has(id));
  if (others.length === 0) return accepted;
  for (const { asked_id, ...row } of await query<DocumentRow & { asked_id: string }>(FIND, [
    JSON.stringify(others),
  ]))
    accepted.set(asked_id, { document: toDocument(row), duplicateOf: row.id });
  return accepted;
}

/**
 * A document that was forced stands for its bytes as well as any other, but it is not under the
 * unique index.
 */
const IS_FORCED_TWIN = `
  d.user_id = a.user_id and d.dedupe_hash is null and d.content_hash = a.content_hash
  and d.status in ('pending', 'extracting', 'vectorizing', 'completed')`;

/**
 * As the index of the migration 0006 has it: null for what does not wait, or is scheduled and
 * stands at its own time.
 */
const TURN = `
  case when status = 'pending' and scheduled_for is null
       then (fair_at at time zone 'UTC') - (priority - 1) * interval '10 minutes' end`;

/**
 * `fair_at` is the place in the queue: a user's next waiting document stands a minute behind the
 * one before, so it stands behind everybody's first; a high priority is ten minutes ahead, a low
 * one ten minutes behind, so nothing waits for ever. Given once, when the row is written: a claim
 * reads an index and needs no window over the backlog. A user's last place, without the priority,
 * is the end of an index of its own. Rows go in by the order of the unique index: two writers that
 * meet in two rows wait for each other one way round only. `offset 0`: each is looked up, where the
 * server would rather hash all there are.
 */
const INSERT = `
  with asked as (
    select *,
           row_number() over (partition by user_id, content_hash order by place) = 1 as is_first,
           count(*) filter (where scheduled_for is null)
             over (partition by user_id order by place rows between unbounded preceding and 1 preceding) as ahead
      from jsonb_to_recordset(?::jsonb) as a (
             place integer, id uuid, user_id text, filename text, file_size bigint, mime_type text, job_id uuid, content_hash text,
             blob_key text, max_attempts integer, priority smallint, scheduled_for timestamptz(3), forced boolean)
  ), queued as (
    select u.user_id, (last.turn at time zone 'UTC') + interval '1 minute' as next
      from (select distinct user_id from asked) u
     cross join lateral (
             select ${TURN} as turn from documents where user_id = u.user_id and (${TURN}) is not null order by 1 desc limit 1) last
  ), inserted as (
  insert into documents (id, user_id, filename, file_size, mime_type, job_id, content_hash, dedupe_hash, blob_key, max_attempts,
                         priority, scheduled_for, reading_load, fair_at)
  select a.id, a.user_id, a.filename, a.file_size, a.mime_type, a.job_id, a.content_hash,
         case when not a.forced then a.content_hash end, a.blob_key, a.max_attempts, a.priority, a.scheduled_for,
         ${READING_LOAD},
         greatest(clock_timestamp(), a.scheduled_for, greatest(clock_timestamp(), q.next) + a.ahead * interval '1 minute')
           + (a.priority - 1) * interval '10 minutes'
    from asked a left join queued q using (user_id)
   where a.forced
      or a.is_first and not exists (select from documents d where ${IS_FORCED_TWIN} offset 0)
   order by a.user_id, a.content_hash, a.place
  on conflict (user_id, dedupe_hash) where dedupe_hash is not null do nothing
  returning *
  ), changed as (
    select *, null::text as previous_status from inserted
  ), ${RECORD_CHANGED}`;

const COLUMNS_OF_D = DOCUMENT_COLUMNS.replaceAll(/\w+/g, 'd.$&');

/**
 * The oldest with the same bytes. A statement of its own, which sees what another has written while
 * the insert waited for it.
 */
const FIND = `
  select a.id as asked_id, ${COLUMNS_OF_D}
    from jsonb_to_recordset(?::jsonb) as a (id uuid, user_id text, content_hash text)
   cross join lateral (
           select ${COLUMNS_OF_D} from documents d where d.user_id = a.user_id and d.dedupe_hash = a.content_hash
            union all
           select ${COLUMNS_OF_D} from documents d where ${IS_FORCED_TWIN}
            order by created_at, id limit 1) d`;

function toAskedRow(document: NewDocument, place: number, maxAttempts: number) {
  return {
    place,
    id: document.id,
    user_id: document.userId,
    filename: document.filename,
    file_size: document.fileSize,
    mime_type: document.mimeType,
    job_id: document.jobId,
    content_hash: document.contentHash,
    blob_key: document.blobKey,
    max_attempts: maxAttempts,
    priority: fromPriority(document.priority),
    scheduled_for: document.scheduledFor,
    forced: document.force,
  };
}

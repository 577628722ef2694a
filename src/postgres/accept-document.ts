import { createGroupCommit } from '../runtime/group-commit.js';
import type { Accepted, NewDocument } from '../documents/ports.js';
import { ApiError } from '../errors.js';
import { fairAtOf, nextTurnOf } from './claim-documents.js';
import type { Database } from './database.js';
import { DOCUMENT_COLUMNS, type DocumentRow } from './entities.js';
import { RECORD_CHANGED, toEvent, type ChangedRow } from './record-change.js';
import { fromPriority, READING_LOAD, toDocument } from './rows.js';
import { HOLDS_HASH } from './status-lists.js';

type Query = Database['query'];
type Outcome = PromiseSettledResult<Accepted>;

const MAX_BATCH = 100;

/**
 * Returns the function that stores an upload. Concurrent uploads share a transaction, because the
 * commit and its round trips are most of the cost of one upload. Of two concurrent uploads of the
 * same bytes, the unique index accepts one and the other becomes its duplicate.
 */
export function createAcceptDocument(
  database: Database,
  maxAttempts: number,
): (document: NewDocument) => Promise<Accepted> {
  /** Retries a document whose duplicate was deleted between the two statements. */
  async function acceptAll(documents: readonly NewDocument[]): Promise<Accepted[]> {
    const accepted = new Map<string, Accepted>();
    for (
      let remaining = documents;
      remaining.length > 0;
      remaining = remaining.filter(({ id }) => !accepted.has(id))
    ) {
      const found = await insertOrFind(database.query, remaining, maxAttempts);
      for (const [id, result] of found) accepted.set(id, result);
    }
    return documents.flatMap(({ id }) => accepted.get(id) ?? []);
  }

  const accept = createGroupCommit<NewDocument, Outcome>(MAX_BATCH, async (batch) => {
    try {
      return (await acceptAll(batch)).map((value) => ({ status: 'fulfilled', value }));
    } catch (error) {
      if (batch.length === 1 || isUnavailable(error)) throw error;
      // One row of the batch is invalid. Write them one by one, so that only that one fails.
      return Promise.allSettled(batch.map((document) => acceptAll([document]).then(firstOrThrow)));
    }
  });

  return async (document) => {
    const outcome = await accept(document);
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  };
}

function firstOrThrow([accepted]: readonly Accepted[]): Accepted {
  if (!accepted) throw new RangeError('a document was neither inserted nor found');
  return accepted;
}

function isUnavailable(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'DEPENDENCY_UNAVAILABLE';
}

/**
 * Returns the results by the id of the new document. A document is missing if its duplicate was
 * deleted between the two statements; the caller retries it.
 */
async function insertOrFind(
  query: Query,
  documents: readonly NewDocument[],
  maxAttempts: number,
): Promise<Map<string, Accepted>> {
  const incoming = documents.map((document, index) => toIncomingRow(document, index, maxAttempts));
  const accepted = new Map<string, Accepted>();
  for (const row of await query<ChangedRow>(INSERT, [JSON.stringify(incoming)]))
    accepted.set(row.id, { document: toDocument(row), event: toEvent(row), duplicateOf: null });
  const duplicates = incoming.filter(({ id }) => !accepted.has(id));
  if (duplicates.length === 0) return accepted;
  for (const { incoming_id, ...row } of await query<DocumentRow & { incoming_id: string }>(FIND, [
    JSON.stringify(duplicates),
  ]))
    accepted.set(incoming_id, { document: toDocument(row), duplicateOf: row.id });
  return accepted;
}

/**
 * Matches a forced document `d` with the bytes of `a`. A forced document has no dedupe hash, so the
 * unique index does not cover it, but it counts as a duplicate all the same.
 */
const IS_FORCED_DUPLICATE = `
  d.user_id = a.user_id and d.dedupe_hash is null and d.content_hash = a.content_hash
  and d.status in ${HOLDS_HASH}`;

/**
 * Inserts the documents whose bytes the user does not have yet, and all forced ones. Rows are
 * inserted in the order of the unique index: two transactions that insert the same two rows then
 * wait for each other in one direction only and cannot deadlock. `offset 0` makes the server look
 * up each row; it would otherwise hash all documents.
 */
const INSERT = `
  with incoming as (
    select *,
           row_number() over (partition by user_id, content_hash order by ordinal) = 1 as is_first,
           count(*) filter (where scheduled_for is null)
             over (partition by user_id order by ordinal
                   rows between unbounded preceding and 1 preceding) as ahead
      from jsonb_to_recordset(?::jsonb) as a (
             ordinal integer, id uuid, user_id text, filename text, file_size bigint,
             mime_type text, job_id uuid, content_hash text, blob_key text, max_attempts integer,
             priority smallint, scheduled_for timestamptz(3), forced boolean)
  ), next_turns as (
    select u.user_id, t.next_turn
      from (select distinct user_id from incoming) u
     cross join lateral (${nextTurnOf('u.user_id')}) t
  ), inserted as (
  insert into documents (
         id, user_id, filename, file_size, mime_type, job_id, content_hash, dedupe_hash, blob_key,
         max_attempts, priority, scheduled_for, reading_load, fair_at)
  select a.id, a.user_id, a.filename, a.file_size, a.mime_type, a.job_id, a.content_hash,
         case when not a.forced then a.content_hash end, a.blob_key, a.max_attempts, a.priority,
         a.scheduled_for, ${READING_LOAD}, ${fairAtOf('a', 't.next_turn')}
    from incoming a left join next_turns t using (user_id)
   where a.forced
      or a.is_first and not exists (select from documents d where ${IS_FORCED_DUPLICATE} offset 0)
   order by a.user_id, a.content_hash, a.ordinal
  on conflict (user_id, dedupe_hash) where dedupe_hash is not null do nothing
  returning *
  ), changed as (
    select *, null::text as previous_status from inserted
  ), ${RECORD_CHANGED}`;

const COLUMNS_OF_D = DOCUMENT_COLUMNS.replaceAll(/\w+/g, 'd.$&');

/**
 * Finds the oldest document with the same bytes. This is a statement of its own: it sees rows that
 * another transaction committed while the insert waited for it.
 */
const FIND = `
  select a.id as incoming_id, ${COLUMNS_OF_D}
    from jsonb_to_recordset(?::jsonb) as a (id uuid, user_id text, content_hash text)
   cross join lateral (
           select ${COLUMNS_OF_D} from documents d
            where d.user_id = a.user_id and d.dedupe_hash = a.content_hash
            union all
           select ${COLUMNS_OF_D} from documents d where ${IS_FORCED_DUPLICATE}
            order by created_at, id limit 1) d`;

function toIncomingRow(document: NewDocument, ordinal: number, maxAttempts: number) {
  return {
    ordinal,
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

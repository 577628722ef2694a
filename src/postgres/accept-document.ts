import type { Accepted, NewDocument } from '../documents/ports.js';
import type { Database } from './database.js';
import type { DocumentRow } from './entities.js';
import { recordChanges } from './record-change.js';
import { fromPriority, toDocument } from './rows.js';

type Query = Database['query'];

/**
 * `fair_at` is the place in the queue: a user's next waiting document stands a minute behind the one before, so it stands behind
 * everybody's first; a high priority is ten minutes ahead, a low one ten minutes behind, so nothing waits for ever. Given once, when
 * the row is written: a claim reads an index and needs no window over the backlog.
 */
const INSERT = `
  insert into documents (id, user_id, filename, file_size, mime_type, job_id, content_hash, dedupe_hash, blob_key, max_attempts,
                         priority, scheduled_for, fair_at)
  select n.*, greatest(
           clock_timestamp(), n.scheduled_for,
           (select max(d.fair_at - (d.priority - 1) * interval '10 minutes') + interval '1 minute'
              from documents d
             where d.user_id = n.user_id and d.status = 'pending' and (d.scheduled_for is null or d.scheduled_for <= clock_timestamp()))
         ) + (n.priority - 1) * interval '10 minutes'
    from (select ?::uuid as id, ?::text as user_id, ?::text as filename, ?::bigint as file_size, ?::text as mime_type, ?::uuid as job_id,
                 ?::text as content_hash, ?::text as dedupe_hash, ?::text as blob_key, ?::integer as max_attempts,
                 ?::smallint as priority, ?::timestamptz(3) as scheduled_for) n
  on conflict (user_id, dedupe_hash) do nothing
  returning *`;

/** One transaction. When two bring the same bytes at once, the unique index lets one in and the other finds it. */
export async function acceptDocument(database: Database, document: NewDocument, maxAttempts: number): Promise<Accepted> {
  for (;;) {
    const accepted = await database.transaction((query) => insertOrFind(query, document, maxAttempts));
    if (accepted !== null) return accepted;
  }
}

/** Null when the one that stood in the way has gone between the two statements. */
async function insertOrFind(query: Query, document: NewDocument, maxAttempts: number): Promise<Accepted | null> {
  const same = document.force ? null : await findSame(query, document);
  if (same) return same;
  const [row] = await query<DocumentRow>(INSERT, toParameters(document, maxAttempts));
  if (!row) return findSame(query, document);
  const [event] = await recordChanges(query, [{ row, previousStatus: null }]);
  return event ? { document: toDocument(row), event, duplicateOf: null } : null;
}

/** The oldest with the same bytes, one that was forced included: that one is not under the unique index, but it is the same. */
const SAME = `
  select * from documents
   where user_id = ? and content_hash = ? and status in ('pending', 'extracting', 'vectorizing', 'completed')
   order by created_at, id limit 1`;

async function findSame(query: Query, document: NewDocument): Promise<Accepted | null> {
  const [row] = await query<DocumentRow>(SAME, [document.userId, document.contentHash]);
  return row ? { document: toDocument(row), duplicateOf: row.id } : null;
}

function toParameters(document: NewDocument, maxAttempts: number): unknown[] {
  return [
    document.id,
    document.userId,
    document.filename,
    document.fileSize,
    document.mimeType,
    document.jobId,
    document.contentHash,
    document.force ? null : document.contentHash,
    document.blobKey,
    maxAttempts,
    fromPriority(document.priority),
    document.scheduledFor,
  ];
}

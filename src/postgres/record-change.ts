import { TOPICS } from '../messages/topics.js';
import type { DocumentStatus, StatusEvent } from '../documents/document.js';
import { toChangeEvent } from '../documents/status.js';
import { DOCUMENT_COLUMNS, type DocumentRow } from './entities.js';
import { toDocument, toStatus } from './rows.js';

/** A row that a statement has just changed, with the status it came from: null for a new one. */
export type ChangedRow = DocumentRow & { previous_status: string | null };

/** As toShard does for a document's id. */
const SHARD = 'get_byte(uuid_send(id), 0) / 16';

/**
 * The end of every statement that changes documents: it follows a CTE named `changed` of
 * ChangedRows, and writes their history and their outbox rows, so that what is committed is
 * published and what is not is not. One statement is one round trip, and needs no transaction
 * around it.
 *
 * The outbox gets a pointer to the event for everybody; when there is work, a permit for the
 * workers; when it has failed, an announcement for operators.
 */
export const RECORD_CHANGED = `
  history as (
    insert into document_events (
           document_id, seq, occurred_at, status, previous_status, generation, attempt, progress_done, chunk_count, vector_count,
           error_code, error_cause, error_message, error_stage, job_id, priority, scheduled_for, next_attempt_at, started_at, processed_at)
    select id, seq, updated_at, status, previous_status, generation, attempt, progress_done, chunk_count, vector_count,
           error_code, error_cause, error_message, error_stage, job_id, priority, scheduled_for, next_attempt_at, started_at, processed_at
      from changed
  ), told as (
    insert into outbox (shard, topic, key, document_id, seq, payload)
    select ${SHARD}, '${TOPICS.documentStatus}', id::text, id, seq, null::jsonb from changed
     union all
    select ${SHARD}, '${TOPICS.deadLetter}', id::text, id, seq, null from changed where status = 'failed'
     union all
    select ${SHARD}, '${TOPICS.jobs}', id::text, null, null, jsonb_build_object('version', 1, 'documentId', id, 'generation', generation)
      from changed where status = 'pending'
  )
  select ${DOCUMENT_COLUMNS}, previous_status from changed`;

export function toEvent(row: ChangedRow): StatusEvent {
  return toChangeEvent(toDocument(row), toStatusOrNull(row.previous_status));
}

/** A ChangedRow from the history: the document as it was at that event. */
export const EVENTS = `
  select d.id, d.user_id, d.filename, d.file_size, d.mime_type, d.content_hash, d.blob_key, d.created_at, d.max_attempts, d.live_generation,
         e.seq, e.occurred_at as updated_at, e.status, e.previous_status, e.generation, e.attempt, e.progress_done, e.chunk_count,
         e.vector_count, e.error_code, e.error_cause, e.error_message, e.error_stage, e.job_id, e.priority, e.scheduled_for,
         e.next_attempt_at, e.started_at, e.processed_at
    from document_events e join documents d on d.id = e.document_id`;

function toStatusOrNull(status: string | null): DocumentStatus | null {
  return status === null ? null : toStatus(status);
}

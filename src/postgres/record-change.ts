import { TOPICS } from '../messages/topics.js';
import type { DocumentStatus, StatusEvent } from '../documents/document.js';
import { toChangeEvent } from '../documents/status.js';
import { DOCUMENT_COLUMNS, type DocumentRow } from './entities.js';
import { toDocument, toStatus } from './rows.js';

/** A row that a statement has just changed, with its previous status: null for a new row. */
export type ChangedRow = DocumentRow & { previous_status: string | null };

/** The columns of `documents` that the history copies with every change. */
const HISTORY_COLUMNS = [
  'seq',
  'status',
  'generation',
  'attempt',
  'progress_done',
  'chunk_count',
  'vector_count',
  'error_code',
  'error_cause',
  'error_message',
  'error_stage',
  'job_id',
  'priority',
  'scheduled_for',
  'next_attempt_at',
  'started_at',
  'processed_at',
] as const satisfies readonly (keyof DocumentRow)[];

/** The columns of `documents` that an event reads from the document, because they hardly change. */
const DOCUMENT_FACTS = [
  'id',
  'user_id',
  'filename',
  'file_size',
  'mime_type',
  'content_hash',
  'blob_key',
  'created_at',
  'max_attempts',
  'live_generation',
] as const satisfies readonly (keyof DocumentRow)[];

function columnsOf(table: string, names: readonly string[]): string {
  return names.map((name) => `${table}.${name}`).join(', ');
}

/** The SQL equivalent of toShard for the id of a document. */
const SHARD = 'get_byte(uuid_send(id), 0) / 16';

/**
 * The end of every statement that changes documents. It follows a CTE named `changed` of
 * ChangedRows and writes their history and their outbox rows, so that every committed change is
 * published, and nothing else is. One statement is one round trip and needs no transaction around
 * it.
 *
 * The outbox gets a reference to the event for the status topic, a wake-up message for the workers
 * if the document is PENDING, and a dead letter for operators if it is FAILED.
 */
export const RECORD_CHANGED = `
  history as (
    insert into document_events (
           document_id, occurred_at, previous_status, ${HISTORY_COLUMNS.join(', ')})
    select id, updated_at, previous_status, ${HISTORY_COLUMNS.join(', ')}
      from changed
  ), published as (
    insert into outbox (shard, topic, key, document_id, seq, payload)
    select ${SHARD}, '${TOPICS.documentStatus}', id::text, id, seq, null::jsonb from changed
     union all
    select ${SHARD}, '${TOPICS.deadLetter}', id::text, id, seq, null
      from changed where status = 'failed'
     union all
    select ${SHARD}, '${TOPICS.jobs}', id::text, null, null,
           jsonb_build_object('version', 1, 'documentId', id, 'generation', generation)
      from changed where status = 'pending'
  )
  select ${DOCUMENT_COLUMNS}, previous_status from changed`;

export function toEvent(row: ChangedRow): StatusEvent {
  return toChangeEvent(toDocument(row), toStatusOrNull(row.previous_status));
}

/** Selects ChangedRows from the history: each document as it was at that event. */
export const EVENTS = `
  select ${columnsOf('d', DOCUMENT_FACTS)}, e.occurred_at as updated_at, e.previous_status,
         ${columnsOf('e', HISTORY_COLUMNS)}
    from document_events e join documents d on d.id = e.document_id`;

function toStatusOrNull(status: string | null): DocumentStatus | null {
  return status === null ? null : toStatus(status);
}

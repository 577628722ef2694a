/** Converts between the rows of PostgreSQL and the types of documents/. */
import type { ProcessingErrorCode } from '../errors.js';
import { PROCESSING_ERROR_RETRYABLE } from '../errors.js';
import {
  PRIORITIES,
  type Document,
  type DocumentStatus,
  type Priority,
  type ProcessingError,
} from '../documents/document.js';
import {
  MAX_SHORT_TEXT_BYTES,
  MAX_SMALL_FILE_BYTES,
  READING_LOADS,
  TEXT_TYPES,
  type ReadingLoad,
} from '../documents/reading-load.js';
import type { DocumentRow } from './entities.js';

export function toDocument(row: DocumentRow): Document {
  return {
    id: row.id,
    userId: row.user_id,
    filename: row.filename,
    mimeType: row.mime_type,
    fileSize: Number(row.file_size),
    contentHash: row.content_hash,
    blobKey: row.blob_key,
    status: toStatus(row.status),
    seq: row.seq,
    generation: row.generation,
    liveGeneration: row.live_generation,
    attempt: row.attempt,
    maxAttempts: row.max_attempts,
    progress: { done: row.progress_done, total: row.chunk_count },
    error: toError(row),
    vectorCount: row.vector_count,
    jobId: row.job_id,
    priority: PRIORITIES[row.priority] ?? 'NORMAL',
    scheduledFor: toDateOrNull(row.scheduled_for),
    nextAttemptAt: toDateOrNull(row.next_attempt_at),
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
    startedAt: toDateOrNull(row.started_at),
    processedAt: toDateOrNull(row.processed_at),
  };
}

function toDateOrNull(time: string | null): Date | null {
  return time === null ? null : new Date(time);
}

export function toStatus(value: string): DocumentStatus {
  return value.toUpperCase() as DocumentStatus;
}

export function fromStatus(status: DocumentStatus): string {
  return status.toLowerCase();
}

export function fromPriority(priority: Priority): number {
  return PRIORITIES.indexOf(priority);
}

export function fromReadingLoad(load: ReadingLoad): number {
  return READING_LOADS.indexOf(load);
}

const [NONE, SMALL, LARGE] = READING_LOADS.map(fromReadingLoad).map(String);
const TEXT_TYPE_LIST = TEXT_TYPES.map((type) => `'${type}'`).join(', ');

/** The SQL equivalent of readingLoadOf for the row of a statement. */
export const READING_LOAD = `
  case when mime_type in (${TEXT_TYPE_LIST}) and file_size <= ${MAX_SHORT_TEXT_BYTES} then ${NONE}
       when file_size <= ${MAX_SMALL_FILE_BYTES} then ${SMALL}
       else ${LARGE} end`;

function toError(row: DocumentRow): ProcessingError | null {
  if (row.error_code === null) return null;
  const code = row.error_code as ProcessingErrorCode;
  return {
    code,
    cause: row.error_cause as ProcessingErrorCode | null,
    message: row.error_message ?? '',
    retryable: PROCESSING_ERROR_RETRYABLE[code],
    stage: toStatus(row.error_stage ?? 'pending'),
  };
}

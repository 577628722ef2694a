import { EntitySchema } from '@mikro-orm/postgresql';

/**
 * The columns of `documents`, for the query builder and for statements. Most keep the names and
 * values of the original design's schema.
 */
const COLUMNS = {
  id: { type: 'uuid', primary: true },
  user_id: { type: 'text' },
  filename: { type: 'text' },
  file_size: { type: 'bigint' },
  mime_type: { type: 'text' },
  status: { type: 'text', default: 'pending' },
  job_id: { type: 'uuid' },
  error_message: { type: 'text', nullable: true },
  vector_count: { type: 'integer', default: 0 },
  created_at: { type: 'datetime' },
  processed_at: { type: 'datetime', nullable: true },
  content_hash: { type: 'text' },
  dedupe_hash: { type: 'text', nullable: true },
  blob_key: { type: 'text' },
  seq: { type: 'integer' },
  generation: { type: 'integer' },
  live_generation: { type: 'integer', nullable: true },
  attempt: { type: 'integer' },
  max_attempts: { type: 'integer' },
  priority: { type: 'smallint' },
  fair_at: { type: 'datetime' },
  scheduled_for: { type: 'datetime', nullable: true },
  next_attempt_at: { type: 'datetime', nullable: true },
  started_at: { type: 'datetime', nullable: true },
  updated_at: { type: 'datetime' },
  error_code: { type: 'text', nullable: true },
  error_cause: { type: 'text', nullable: true },
  error_stage: { type: 'text', nullable: true },
  chunk_count: { type: 'integer', nullable: true },
  progress_done: { type: 'integer' },
  lease_token: { type: 'uuid', nullable: true },
  lease_until: { type: 'datetime', nullable: true },
  reading_load: { type: 'smallint', default: 1 },
} as const;

type ColumnValue<Column extends { type: string }> = Column['type'] extends 'integer' | 'smallint'
  ? number
  : string;

/** A row as PostgreSQL returns it: times and big integers are text. */
export type DocumentRow = {
  [Name in keyof typeof COLUMNS]: (typeof COLUMNS)[Name] extends { nullable: true }
    ? ColumnValue<(typeof COLUMNS)[Name]> | null
    : ColumnValue<(typeof COLUMNS)[Name]>;
};

export const documentEntity = new EntitySchema<DocumentRow>({
  name: 'DocumentRow',
  tableName: 'documents',
  properties: COLUMNS,
});

/** All columns by name: a prepared statement must list what it reads. */
export const DOCUMENT_COLUMNS = Object.keys(COLUMNS).join(', ');

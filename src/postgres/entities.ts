import { EntitySchema } from '@mikro-orm/postgresql';

/**
 * The row as PostgreSQL returns it. The first eleven columns keep the names and values that the
 * seed's schema gave them. Times are as PostgreSQL writes them.
 */
export interface DocumentRow {
  id: string;
  user_id: string;
  filename: string;
  file_size: string;
  mime_type: string;
  status: string;
  job_id: string;
  error_message: string | null;
  vector_count: number;
  created_at: string;
  processed_at: string | null;
  content_hash: string;
  dedupe_hash: string | null;
  blob_key: string;
  seq: number;
  generation: number;
  live_generation: number | null;
  attempt: number;
  max_attempts: number;
  priority: number;
  fair_at: string;
  scheduled_for: string | null;
  next_attempt_at: string | null;
  started_at: string | null;
  updated_at: string;
  error_code: string | null;
  error_cause: string | null;
  error_stage: string | null;
  chunk_count: number | null;
  progress_done: number;
  lease_token: string | null;
  lease_until: string | null;
  reading_load: number;
}

const properties: ConstructorParameters<typeof EntitySchema<DocumentRow>>[0]['properties'] &
  object = {
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
};

export const documentEntity = new EntitySchema<DocumentRow>({
  name: 'DocumentRow',
  tableName: 'documents',
  properties,
});

/** All of a row, by name: a statement that is kept must say what it reads. */
export const DOCUMENT_COLUMNS = Object.keys(properties).join(', ');

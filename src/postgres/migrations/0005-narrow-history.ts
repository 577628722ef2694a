import { Migration } from '@mikro-orm/migrations';

/**
 * The history keeps the columns that change instead of a whole event as JSON, and everything about
 * a change is written by the statement that makes it (record-change.ts). Of the indexes of
 * `documents`, which every change of a status writes to anew, those go that others can stand for.
 */
export class NarrowHistory0005 extends Migration {
  override up(): void {
    this.addSql(`
      alter table document_events
        drop constraint document_events_document_id_fkey,
        add column status text, add column previous_status text, add column generation integer, add column attempt integer,
        add column progress_done integer, add column chunk_count integer, add column vector_count integer,
        add column error_code text, add column error_cause text, add column error_message text, add column error_stage text,
        add column job_id uuid, add column priority smallint, add column scheduled_for timestamptz(3),
        add column next_attempt_at timestamptz(3), add column started_at timestamptz(3), add column processed_at timestamptz(3)`);
    this.addSql(`
      update document_events
         set status = lower(event ->> 'status'), previous_status = lower(event ->> 'previousStatus'),
             generation = (event ->> 'generation')::integer, attempt = (event ->> 'attempt')::integer,
             progress_done = (event #>> '{progress,done}')::integer, chunk_count = (event #>> '{progress,total}')::integer,
             vector_count = (event ->> 'vectorCount')::integer, error_code = event #>> '{error,code}',
             error_cause = event #>> '{error,cause}', error_message = event #>> '{error,message}',
             error_stage = lower(event #>> '{error,stage}'), job_id = (event #>> '{document,jobId}')::uuid,
             priority = array_position(array['HIGH', 'NORMAL', 'LOW'], event #>> '{document,priority}') - 1,
             scheduled_for = (event #>> '{document,scheduledFor}')::timestamptz,
             next_attempt_at = (event #>> '{document,nextAttemptAt}')::timestamptz,
             started_at = (event #>> '{document,startedAt}')::timestamptz,
             processed_at = (event #>> '{document,processedAt}')::timestamptz`);
    this.addSql(`
      alter table document_events
        drop column event,
        alter column status set not null, alter column generation set not null, alter column attempt set not null,
        alter column progress_done set not null, alter column vector_count set not null,
        alter column job_id set not null, alter column priority set not null`);

    // A document's shard can be told by its id in SQL.
    this.addSql(
      `update outbox set shard = get_byte(uuid_send(key::uuid), 0) / 16 where document_id is not null or payload -> 'documentId' is not null`,
    );
    this.addSql(`update latest_queue set shard = get_byte(uuid_send(document_id), 0) / 16`);

    // What waits is read in the order of its ids, whatever shard it is in; permits point to no
    // document.
    this.addSql(`drop index outbox_by_shard`);
    this.addSql(`drop index outbox_by_document`);
    this.addSql(
      `create index outbox_by_document on outbox (document_id) where document_id is not null`,
    );

    // A document's blob has its id for a key.
    this.addSql(`drop index documents_blobs`);

    // The same bytes are found by one of two indexes, whichever the row is in: most rows are in the
    // unique one.
    this.addSql(`drop index documents_by_content`);
    this.addSql(
      `create index documents_by_content on documents (user_id, content_hash) where dedupe_hash is null`,
    );
    this.addSql(`drop index documents_dedupe`);
    this.addSql(
      `create unique index documents_dedupe on documents (user_id, dedupe_hash) where dedupe_hash is not null`,
    );
  }
}

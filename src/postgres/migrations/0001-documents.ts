import { Migration } from '@mikro-orm/migrations';

/** Times have milliseconds, as the API shows them: a cursor made of one finds its row again. */
export class Documents0001 extends Migration {
  override up(): void {
    this.addSql(`
      create table documents (
        id uuid primary key,
        user_id text not null,
        filename text not null,
        file_size bigint not null,
        mime_type text not null,
        status text not null default 'pending'
          check (status in ('pending', 'extracting', 'vectorizing', 'completed', 'failed', 'cancelled', 'deleting')),
        job_id uuid not null,
        error_message text,
        vector_count integer not null default 0,
        created_at timestamptz(3) not null default clock_timestamp(),
        processed_at timestamptz(3),
        content_hash text not null,
        dedupe_hash text,
        blob_key text not null,
        seq integer not null default 1,
        generation integer not null default 1,
        live_generation integer,
        attempt integer not null default 0,
        max_attempts integer not null,
        priority smallint not null default 1,
        fair_at timestamptz(3) not null default clock_timestamp(),
        scheduled_for timestamptz(3),
        next_attempt_at timestamptz(3),
        started_at timestamptz(3),
        updated_at timestamptz(3) not null default clock_timestamp(),
        error_code text,
        error_cause text,
        error_stage text,
        chunk_count integer,
        progress_done integer not null default 0,
        lease_token uuid,
        lease_until timestamptz(3)
      )`);
    this.addSql(`create unique index documents_dedupe on documents (user_id, dedupe_hash)`);
    this.addSql(`create index documents_by_content on documents (user_id, content_hash)`);
    this.addSql(`create index documents_by_user on documents (user_id, created_at desc, id desc)`);
    this.addSql(`create index documents_by_change on documents (user_id, updated_at desc)`);
    this.addSql(`create index documents_queue on documents (fair_at, id) where status = 'pending'`);
    this.addSql(
      `create index documents_queue_by_user on documents (user_id, fair_at) where status = 'pending'`,
    );
    this.addSql(
      `create index documents_leases on documents (lease_until) where lease_until is not null`,
    );
    this.addSql(`create unique index documents_blobs on documents (blob_key)`);

    this.addSql(`
      create table document_events (
        document_id uuid not null references documents on delete cascade,
        seq integer not null,
        event jsonb not null,
        occurred_at timestamptz(3) not null,
        primary key (document_id, seq)
      )`);

    // Reading must never be by "id greater than the last one": ids are taken before commits, such a
    // reader skips rows.
    this.addSql(`
      create table outbox (
        id bigint generated always as identity primary key,
        shard smallint not null,
        topic text not null,
        key text not null,
        document_id uuid,
        seq integer,
        payload jsonb,
        created_at timestamptz(3) not null default clock_timestamp(),
        check ((payload is null) <> (seq is null))
      )`);
    this.addSql(`create index outbox_by_shard on outbox (shard, id)`);
    this.addSql(`create index outbox_by_document on outbox (document_id)`);

    this.addSql(`
      create table cleanups (
        id bigint generated always as identity primary key,
        document_id uuid not null,
        user_id text not null,
        blob_key text,
        generations_below integer,
        only_generation integer,
        removes_document boolean not null default false,
        runs integer not null default 0,
        run_at timestamptz(3) not null default clock_timestamp()
      )`);
    this.addSql(`create index cleanups_due on cleanups (run_at)`);
  }
}

import { Migration } from '@mikro-orm/migrations';

/**
 * Three indexes held the waiting documents, and the planner took any of them for any question about
 * what waits: while they are small they cost it the same. A plan is kept, so one upload then read
 * all that waited. Now only `documents_queue` says `status = 'pending'`; the others hold what is
 * null for all documents that do not wait, and stand for nothing but their own question
 * (docs/decisions/0019).
 */
export class AnIndexForEachQuestion0006 extends Migration {
  override up(): void {
    const turn = `case when status = 'pending' and scheduled_for is null
                       then (fair_at at time zone 'UTC') - (priority - 1) * interval '10 minutes' end`;
    this.addSql(`drop index documents_queue_by_user`);
    this.addSql(
      `create index documents_turns on documents (user_id, (${turn})) where (${turn}) is not null`,
    );

    const due = `case when status = 'pending' then greatest(updated_at, scheduled_for, next_attempt_at) end`;
    this.addSql(`drop index documents_due`);
    this.addSql(`create index documents_due on documents ((${due})) where (${due}) is not null`);

    // As the outbox, it is read in the order of its versions, whatever shard a row is in: by the
    // shards, all of it was sorted for every batch.
    this.addSql(`drop index latest_queue_by_shard`);
    this.addSql(`create index latest_queue_by_version on latest_queue (version)`);
  }
}

import { Migration } from '@mikro-orm/migrations';

/** What the relays need to be many, and where what nobody can read or send is kept. */
export class Relay0003 extends Migration {
  override up(): void {
    // A row that the log refuses for good stays here with the reason and holds up nothing.
    this.addSql(`alter table outbox add column parked_reason text`);

    // Documents whose newest state is still to be told on the compacted topic. A document that has
    // gone by then gets a tombstone.
    this.addSql(`create sequence latest_queue_version`);
    this.addSql(`
      create table latest_queue (
        document_id uuid primary key,
        shard smallint not null,
        version bigint not null default nextval('latest_queue_version')
      )`);
    this.addSql(`create index latest_queue_by_shard on latest_queue (shard, version)`);

    this.addSql(`
      create table dead_letters (
        id bigint generated always as identity primary key,
        topic text not null,
        partition integer not null,
        message_offset bigint not null,
        key text,
        value bytea,
        reason text not null,
        created_at timestamptz(3) not null default clock_timestamp(),
        unique (topic, partition, message_offset)
      )`);
  }
}

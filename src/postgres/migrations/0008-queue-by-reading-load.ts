import { Migration } from '@mikro-orm/migrations';

/**
 * A claim takes what needs a reader and what needs none apart, and finds a user behind any number
 * of documents of another one (docs/decisions/0021). Both indexes hold waiting documents only, and
 * each is over an expression that no other statement asks for.
 *
 * Rows of older processes count as small files. Only documents that wait now are sorted: writing
 * every row would take minutes.
 */
export class QueueByReadingLoad0008 extends Migration {
  override up(): void {
    this.addSql(
      `alter table documents add column reading_load smallint not null default 1 check (reading_load between 0 and 2)`,
    );
    this.addSql(`
      update documents
         set reading_load = case when mime_type in ('text/plain', 'text/markdown', 'text/csv', 'application/json') and file_size <= 32768 then 0
                                 when file_size <= 1048576 then 1
                                 else 2 end
       where status = 'pending'`);

    const load = `case when status = 'pending' then reading_load end`;
    this.addSql(
      `create index documents_queue_by_load on documents ((${load}), fair_at, id) where (${load}) is not null`,
    );

    const user = `case when status = 'pending' then user_id end`;
    this.addSql(
      `create index documents_waiting_users on documents ((${user}), reading_load, fair_at, id) where (${user}) is not null`,
    );
  }
}

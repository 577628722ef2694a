import { Migration } from '@mikro-orm/migrations';

/** So that saying how much waits costs next to nothing, however much that is. */
export class Backlog0004 extends Migration {
  override up(): void {
    // Since when a waiting document is, or from when on it will be, due; a null among the three is
    // passed over.
    this.addSql(
      `create index documents_due on documents (greatest(updated_at, scheduled_for, next_attempt_at)) where status = 'pending'`,
    );
    this.addSql(
      `create index documents_ended on documents (status) where status in ('failed', 'cancelled', 'deleting')`,
    );
    this.addSql(`create index outbox_parked on outbox (id) where parked_reason is not null`);
  }
}

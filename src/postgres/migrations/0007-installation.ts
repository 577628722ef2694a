import { Migration } from '@mikro-orm/migrations';

/**
 * One row: the id of this installation, and since when its blob store bears that id
 * (blobs/installation-marker.ts).
 */
export class Installation0007 extends Migration {
  override up(): void {
    this.addSql(`
      create table installation (
        is_only boolean primary key default true check (is_only),
        id uuid not null default gen_random_uuid(),
        blobs_marked_at timestamptz
      )`);
    this.addSql(`insert into installation default values`);
  }
}

import { Migration } from '@mikro-orm/migrations';

/**
 * Vectors in the database. `embedding` has no length in its type: the collection row names model
 * and dimensions, and a store made for others is refused at start. Half precision halves what a
 * search scans, and plain storage keeps it in the row whatever the model's length. The search is
 * exact, over one user's rows: recall is complete and a new vector needs no index work.
 */
export class Vectors0002 extends Migration {
  override up(): void {
    this.addSql(`create extension if not exists vector`);
    this.addSql(
      `create table vector_collection (only_one boolean primary key default true check (only_one), model text not null, dimensions integer not null)`,
    );
    this.addSql(`
      create table vectors (
        user_id text not null,
        document_id uuid not null,
        generation integer not null,
        chunk_index integer not null,
        embedding halfvec not null,
        primary key (user_id, document_id, generation, chunk_index)
      )`);
    this.addSql(`alter table vectors alter column embedding set storage plain`);
    this.addSql(`
      create table passages (
        user_id text not null,
        document_id uuid not null,
        generation integer not null,
        chunk_index integer not null,
        page integer,
        char_start integer not null,
        char_end integer not null,
        text text not null,
        words tsvector generated always as (to_tsvector('english', text)) stored,
        primary key (user_id, document_id, generation, chunk_index)
      )`);
    this.addSql(`create index passages_words on passages using gin (words)`);
  }
}

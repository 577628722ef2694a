/** The schema of the usual design: one table, one queue, one channel for each user. */
import type { Pool } from 'pg';

export const QUEUE = 'documents';

/** Database connections of each process. */
export const POOL_SIZE = 20;

export interface DocumentJob {
  documentId: string;
  userId: string;
  filename: string;
}

export async function createTable(pool: Pool): Promise<void> {
  await pool.query(`
    create table if not exists documents (
      id uuid primary key,
      user_id text not null,
      filename text not null,
      file_size bigint not null,
      mime_type text not null,
      status text not null default 'pending',
      job_id uuid,
      error_message text,
      vector_count integer not null default 0,
      created_at timestamptz not null default now(),
      started_at timestamptz,
      processed_at timestamptz
    )`);
  await pool.query(
    'create index if not exists documents_by_user on documents (user_id, created_at desc)',
  );
}

/** Returns the options from which BullMQ opens its connections. */
export function toConnection(url: string): {
  host: string;
  port: number;
  username?: string;
  password?: string;
} {
  const { hostname, port, username, password } = new URL(url);
  return {
    host: hostname,
    port: Number(port || 6379),
    ...(username && { username }),
    ...(password && { password }),
  };
}

export function channelOf(userId: string): string {
  return `notifications:${userId}`;
}

export function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; set it for this process`);
  return value;
}

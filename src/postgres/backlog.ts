import type { DocumentStatus } from '../documents/document.js';
import type { Backlog } from '../documents/ports.js';
import type { Database } from './database.js';

interface Row {
  total: number;
  estimated_total: number;
  pending: number;
  /** Of the statuses that an index of their own counts, by status. */
  others: Record<string, number>;
  oldest_waiting: number;
  outbox: number;
  outbox_oldest: number;
  parked: number;
  latest: number;
  unreadable: number;
  cleanup_overdue: number;
}

/** Documents that are counted one by one; of more the server's estimate is told. */
const COUNTED = 100_000;
/** On a server; the embedded engine does not interrupt itself, but it has one client alone. */
const TIMEOUT_MS = 2_000;

/**
 * As the index of the migration 0006 has it: since when a waiting document is, or from when on it
 * will be, due.
 */
const DUE_SINCE = `case when status = 'pending' then greatest(updated_at, scheduled_for, next_attempt_at) end`;

/**
 * Each part is read from an index that holds little else than what is asked for: completed
 * documents are what is left of all.
 */
const READ = `
  select (select count(*)::integer from (select 1 from documents limit ${COUNTED}) d) as total,
         (select greatest(reltuples, pg_stat_get_live_tuples(oid))::integer from pg_class where oid = 'documents'::regclass) as estimated_total,
         (select count(*)::integer from documents where status = 'pending') as pending,
         (select coalesce(jsonb_object_agg(status, documents), '{}') from (
            select status, count(*) as documents from documents where lease_until is not null group by status
            union all
            select status, count(*) from documents where status in ('failed', 'cancelled', 'deleting') group by status) o) as others,
         (select ${ageOf(`min(${DUE_SINCE})`)} from documents where (${DUE_SINCE}) is not null) as oldest_waiting,
         (select count(*)::integer from outbox) as outbox,
         (select ${ageOf('min(created_at)')} from (
            select created_at from outbox where parked_reason is null order by id limit 1) o) as outbox_oldest,
         (select count(*)::integer from outbox where parked_reason is not null) as parked,
         (select count(*)::integer from latest_queue) as latest,
         (select count(*)::integer from dead_letters) as unreadable,
         (select ${ageOf('min(run_at)')} from cleanups) as cleanup_overdue`;

function ageOf(since: string): string {
  return `coalesce(greatest(extract(epoch from clock_timestamp() - ${since}), 0), 0)::float8`;
}

/** How much waits, in one statement. Rejects when the server needs longer than a moment for it. */
export async function readBacklog(database: Database): Promise<Backlog> {
  const [row] = await database.transaction(async (query) => {
    await query(`set local statement_timeout = ${TIMEOUT_MS}`);
    return query<Row>(READ);
  });
  if (!row) throw new Error('a statement without a from clause gave no row');
  return {
    documents: toDocuments(row),
    oldestWaitingSeconds: row.oldest_waiting,
    outbox: {
      rows: row.outbox - row.parked,
      oldestSeconds: row.outbox_oldest,
      parkedRows: row.parked,
    },
    latestQueueRows: row.latest,
    unreadableMessages: row.unreadable,
    cleanupOverdueSeconds: row.cleanup_overdue,
  };
}

function toDocuments({
  total,
  estimated_total: estimate,
  pending,
  others,
}: Row): Record<DocumentStatus, number> {
  const known = pending + Object.values(others).reduce((sum, count) => sum + count, 0);
  const all = total < COUNTED ? total : Math.max(total, estimate);
  return {
    PENDING: pending,
    EXTRACTING: others['extracting'] ?? 0,
    VECTORIZING: others['vectorizing'] ?? 0,
    COMPLETED: Math.max(0, all - known),
    FAILED: others['failed'] ?? 0,
    CANCELLED: others['cancelled'] ?? 0,
    DELETING: others['deleting'] ?? 0,
  };
}

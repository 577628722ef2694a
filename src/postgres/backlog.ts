import type { DocumentStatus } from '../documents/document.js';
import type { Backlog } from '../documents/ports.js';
import type { Database } from './database.js';
import { ENDED } from './status-lists.js';

interface Row {
  /** The number of documents, but at most MAX_COUNTED. */
  total: number;
  estimated_total: number;
  pending: number;
  /** The numbers of documents in the other statuses that an index counts, by status. */
  others: Record<string, number>;
  oldest_waiting: number;
  outbox: number;
  outbox_oldest: number;
  parked: number;
  latest: number;
  unreadable: number;
  cleanup_overdue: number;
}

/** The greatest number of documents that is counted; beyond it the server's estimate is used. */
const MAX_COUNTED = 100_000;
/** The embedded engine ignores this timeout: it cannot interrupt itself, and has one client. */
const TIMEOUT_MS = 2_000;

/**
 * The time at which a waiting document was or will be due. The index of migration 0006 has this
 * expression.
 */
const DUE_SINCE = `
  case when status = 'pending' then greatest(updated_at, scheduled_for, next_attempt_at) end`;

/**
 * Each subquery reads an index that holds little more than the rows it counts. No index counts
 * completed documents: their number is the total less the others.
 */
const READ = `
  select (select count(*)::integer from (select 1 from documents limit ${MAX_COUNTED}) d) as total,
         (select greatest(reltuples, pg_stat_get_live_tuples(oid))::integer
            from pg_class where oid = 'documents'::regclass) as estimated_total,
         (select count(*)::integer from documents where status = 'pending') as pending,
         (select coalesce(jsonb_object_agg(status, documents), '{}') from (
            select status, count(*) as documents
              from documents where lease_until is not null group by status
            union all
            select status, count(*)
              from documents where status in ${ENDED} group by status) o) as others,
         (select ${ageOf(`min(${DUE_SINCE})`)} from documents
           where (${DUE_SINCE}) is not null) as oldest_waiting,
         (select count(*)::integer from outbox) as outbox,
         (select ${ageOf('min(created_at)')} from (
            select created_at from outbox
             where parked_reason is null order by id limit 1) o) as outbox_oldest,
         (select count(*)::integer from outbox where parked_reason is not null) as parked,
         (select count(*)::integer from latest_queue) as latest,
         (select count(*)::integer from dead_letters) as unreadable,
         (select ${ageOf('min(run_at)')} from cleanups) as cleanup_overdue`;

/** Returns SQL for the seconds since a time; 0 if the time is null or in the future. */
function ageOf(since: string): string {
  return `coalesce(greatest(extract(epoch from clock_timestamp() - ${since}), 0), 0)::float8`;
}

/** Reads the whole backlog in one statement. Rejects if a server needs more than TIMEOUT_MS. */
export async function readBacklog(database: Database): Promise<Backlog> {
  const [row] = await database.transaction(async (query) => {
    await query(`set local statement_timeout = ${TIMEOUT_MS}`);
    return query<Row>(READ);
  });
  if (!row) throw new Error('the statement of the backlog returned no row');
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
  const uncompleted = pending + Object.values(others).reduce((sum, count) => sum + count, 0);
  const all = total < MAX_COUNTED ? total : Math.max(total, estimate);
  return {
    PENDING: pending,
    EXTRACTING: others['extracting'] ?? 0,
    VECTORIZING: others['vectorizing'] ?? 0,
    COMPLETED: Math.max(0, all - uncompleted),
    FAILED: others['failed'] ?? 0,
    CANCELLED: others['cancelled'] ?? 0,
    DELETING: others['deleting'] ?? 0,
  };
}

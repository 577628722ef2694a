import type { DocumentFilter, DocumentPage, ListPosition } from '../documents/ports.js';
import type { Document, DocumentStatus, StatusEvent } from '../documents/document.js';
import type { EntityManager, QueryBuilder } from '@mikro-orm/postgresql';
import type { Database } from './database.js';
import { DOCUMENT_COLUMNS, documentEntity, type DocumentRow } from './entities.js';
import { EVENTS, toEvent, type ChangedRow } from './record-change.js';
import { fromStatus, toDocument, toStatus } from './rows.js';
import { UNFINISHED } from './status-lists.js';

export async function findDocument(
  database: Database,
  userId: string,
  id: string,
): Promise<Document | null> {
  const [row] = await database.query<DocumentRow>(
    `select ${DOCUMENT_COLUMNS} from documents
      where id = ? and user_id = ? and status <> 'deleting'`,
    [id, userId],
  );
  return row ? toDocument(row) : null;
}

export async function findDocuments(
  database: Database,
  ids: readonly string[],
): Promise<Document[]> {
  if (ids.length === 0) return [];
  const rows = await database.query<DocumentRow>(
    `select ${DOCUMENT_COLUMNS} from documents
      where id in (select value::uuid from jsonb_array_elements_text(?::jsonb) limit ?)`,
    [JSON.stringify(ids), ids.length],
  );
  return rows.map(toDocument);
}

interface ListOptions {
  first: number;
  after?: ListPosition;
  filter?: DocumentFilter;
}

/** Returns a page of the user's documents, newest first; the id breaks ties. */
export function listDocuments(
  database: Database,
  userId: string,
  options: ListOptions,
): Promise<DocumentPage> {
  return database.build((session) =>
    readPage(() => queryVisible(session, userId, options.filter), options),
  );
}

async function readPage(
  list: () => QueryBuilder<DocumentRow>,
  { first, after }: ListOptions,
): Promise<DocumentPage> {
  const totalCount = await list().getCount();
  const page = list().select('*');
  if (after)
    page.andWhere('(d.created_at, d.id) < (?::timestamptz, ?::uuid)', [after.createdAt, after.id]);
  page.orderBy({ created_at: 'desc', id: 'desc' }).limit(first + 1);
  const rows = await page.execute<DocumentRow[]>('all', false);
  return {
    documents: rows.slice(0, first).map(toDocument),
    hasNextPage: rows.length > first,
    hasPreviousPage: after !== undefined && (await existsBefore(list(), after)),
    totalCount,
  };
}

function queryVisible(
  session: EntityManager,
  userId: string,
  filter: DocumentFilter = {},
): QueryBuilder<DocumentRow> {
  const builder = session.createQueryBuilder(documentEntity, 'd');
  builder.where({ user_id: userId, status: { $ne: 'deleting' } });
  if (filter.status && filter.status.length > 0)
    builder.andWhere({ status: { $in: filter.status.map(fromStatus) } });
  if (filter.filename)
    builder.andWhere({ filename: { $ilike: `%${escapeLike(filter.filename)}%` } });
  return builder;
}

/** The document of the cursor is itself on an earlier page, unless it was deleted. */
async function existsBefore(
  list: QueryBuilder<DocumentRow>,
  { createdAt, id }: ListPosition,
): Promise<boolean> {
  const before = list.select('id').limit(1);
  before.andWhere('(d.created_at, d.id) >= (?::timestamptz, ?::uuid)', [createdAt, id]);
  return (await before.execute<unknown[]>('all', false)).length > 0;
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, (character) => `\\${character}`);
}

export async function countDocuments(
  database: Database,
  userId: string,
): Promise<{ status: DocumentStatus; count: number }[]> {
  const rows = await database.query<{ status: string; count: number }>(
    `select status, count(*)::integer as count from documents
      where user_id = ? and status <> 'deleting' group by status`,
    [userId],
  );
  return rows.map((row) => ({ status: toStatus(row.status), count: row.count }));
}

export async function readEvents(
  database: Database,
  documentId: string,
  after: number,
  first: number,
): Promise<StatusEvent[]> {
  const rows = await database.query<ChangedRow>(
    `${EVENTS} where e.document_id = ? and e.seq > ? order by e.seq limit ?`,
    [documentId, after, first],
  );
  return rows.map(toHistoryEvent);
}

/**
 * Returns the events of each document; every id has an entry. The statement looks up each history
 * by its key and limits it before any join, so that the cost depends on the returned rows only.
 */
export async function readEventsOfMany(
  database: Database,
  documentIds: readonly string[],
  after: number,
  first: number,
): Promise<Map<string, StatusEvent[]>> {
  const histories = new Map<string, StatusEvent[]>(documentIds.map((id) => [id, []]));
  const rows = await database.query<ChangedRow>(
    `select h.* from jsonb_array_elements_text(?::jsonb) requested
      cross join lateral (
              ${EVENTS} where e.document_id = requested.value::uuid and e.seq > ?
               order by e.seq limit ?) h
      order by h.id, h.seq`,
    [JSON.stringify([...histories.keys()]), after, first],
  );
  for (const row of rows) histories.get(row.id)?.push(toHistoryEvent(row));
  return histories;
}

function toHistoryEvent(row: ChangedRow): StatusEvent {
  const { document: _, ...event } = toEvent(row);
  return event;
}

export async function readRecent(
  database: Database,
  userId: string,
  changedSince: Date,
  limit: number,
): Promise<Document[]> {
  const rows = await database.query<DocumentRow>(
    `select ${DOCUMENT_COLUMNS} from documents
      where user_id = ? and (status in ${UNFINISHED} or updated_at >= ?)
      order by updated_at desc, id desc limit ?`,
    [userId, changedSince, limit],
  );
  return rows.map(toDocument);
}

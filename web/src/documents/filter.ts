import type { DocumentCountsQuery, DocumentFilter, DocumentStatus } from '../gql/graphql.js';
import type { DocumentRow, RowStatus } from './document-row.js';

/** The groups of statuses that the list offers as filters. */
export const GROUPS = {
  all: { label: 'All', statuses: [] },
  active: { label: 'In progress', statuses: ['PENDING', 'EXTRACTING', 'VECTORIZING'] },
  completed: { label: 'Completed', statuses: ['COMPLETED'] },
  failed: { label: 'Failed', statuses: ['FAILED'] },
  cancelled: { label: 'Cancelled', statuses: ['CANCELLED'] },
} as const satisfies Record<string, { label: string; statuses: readonly DocumentStatus[] }>;

export type Group = keyof typeof GROUPS;

export const isGroup = (value: string): value is Group => value in GROUPS;

export interface ListFilter {
  group: Group;
  filename: string;
}

export const NO_FILTER: ListFilter = { group: 'all', filename: '' };

export const isFiltered = ({ group, filename }: ListFilter): boolean =>
  group !== 'all' || filename.trim() !== '';

export function toDocumentFilter({ group, filename }: ListFilter): DocumentFilter | null {
  const { statuses } = GROUPS[group];
  const name = filename.trim();
  if (statuses.length === 0 && name === '') return null;
  return {
    ...(statuses.length > 0 ? { status: [...statuses] } : {}),
    ...(name === '' ? {} : { filename: name }),
  };
}

const statusesOf = (group: Group): readonly RowStatus[] =>
  group === 'active' ? [...GROUPS.active.statuses, 'PROCESSING'] : GROUPS[group].statuses;

/**
 * Applies the filter as the server does: a row whose event no longer matches leaves the page before
 * the server responds.
 */
export function matches(
  row: Pick<DocumentRow, 'status' | 'filename'>,
  { group, filename }: ListFilter,
): boolean {
  const statuses = statusesOf(group);
  const hasStatus = statuses.length === 0 || statuses.includes(row.status);
  return hasStatus && (row.filename ?? '').toLowerCase().includes(filename.trim().toLowerCase());
}

export type GroupCounts = Record<Group, number>;

export function countGroups(counts: DocumentCountsQuery['documentCounts']): GroupCounts {
  const sumOf = (statuses: readonly DocumentStatus[]) =>
    counts
      .filter(({ status }) => statuses.length === 0 || statuses.includes(status))
      .reduce((sum, { count }) => sum + count, 0);
  return {
    all: sumOf(GROUPS.all.statuses),
    active: sumOf(GROUPS.active.statuses),
    completed: sumOf(GROUPS.completed.statuses),
    failed: sumOf(GROUPS.failed.statuses),
    cancelled: sumOf(GROUPS.cancelled.statuses),
  };
}

export function countRows(rows: readonly DocumentRow[]): GroupCounts {
  const countOf = (group: Group) =>
    rows.filter((row) => matches(row, { group, filename: '' })).length;
  return {
    all: countOf('all'),
    active: countOf('active'),
    completed: countOf('completed'),
    failed: countOf('failed'),
    cancelled: countOf('cancelled'),
  };
}

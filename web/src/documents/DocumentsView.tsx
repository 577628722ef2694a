import { Stack } from '@mantine/core';
import type { DocumentRow } from './document-row.js';
import { DocumentList, DocumentListSkeleton } from './DocumentList.js';
import { EmptyList, ListError } from './EmptyList.js';
import { isFiltered, NO_FILTER, type GroupCounts } from './filter.js';
import type { ListPosition } from './list-position.js';
import { ListControls } from './ListControls.js';
import { Pager } from './Pager.js';
import { RowActions } from './RowActions.js';
import type { NamedDocument } from './use-document-actions.js';

export interface DocumentPage<Cursor> {
  rows: readonly DocumentRow[];
  /** Null until the first page has arrived. */
  totalCount: number | null;
  /** The start of the next page; null on the last page. */
  nextCursor: Cursor | null;
  isLoading: boolean;
  /** Undefined while there are rows to show, even if the last request failed. */
  error: unknown;
  retry: () => void;
}

export interface DocumentsViewProps<Cursor> {
  position: ListPosition<Cursor>;
  counts: GroupCounts | null;
  page: DocumentPage<Cursor>;
  hrefOf: (documentId: string) => string | null;
  onSave: (document: NamedDocument) => void;
  /** Null if the protocol cannot delete. */
  onDelete: ((document: NamedDocument) => void) | null;
}

/** The list of both protocols, with its filter and its pages. */
export function DocumentsView<Cursor>(props: DocumentsViewProps<Cursor>) {
  const { position, counts, page } = props;
  const { filter, setFilter } = position;
  const { nextCursor } = page;
  return (
    <Stack gap="sm">
      {(counts?.all !== 0 || isFiltered(filter)) && (
        <ListControls filter={filter} counts={counts} onChange={setFilter} />
      )}
      <Rows {...props} />
      <Pager
        pageIndex={position.pageIndex}
        rowCount={page.rows.length}
        totalCount={page.totalCount ?? 0}
        hasNext={nextCursor !== null}
        onPrevious={() => turnPage(position.goToPrevious)}
        onNext={() => turnPage(() => nextCursor !== null && position.goToNext(nextCursor))}
      />
    </Stack>
  );
}

/** Scrolls to the top: the pager is below the rows, and a person reads a new page from its top. */
function turnPage(turn: () => void): void {
  turn();
  window.scrollTo({ top: 0 });
}

function Rows<Cursor>({ position, page, hrefOf, onSave, onDelete }: DocumentsViewProps<Cursor>) {
  const { filter, setFilter } = position;
  if (page.error !== undefined) return <ListError error={page.error} onRetry={page.retry} />;
  if (page.totalCount === null) return <DocumentListSkeleton />;
  if (page.rows.length === 0)
    return <EmptyList isFiltered={isFiltered(filter)} onReset={() => setFilter(NO_FILTER)} />;
  return (
    <DocumentList
      rows={page.rows}
      isStale={page.isLoading}
      hrefOf={hrefOf}
      actionsOf={({ id, filename }) => (
        <RowActions
          document={{ id, filename: filename ?? id }}
          onSave={onSave}
          onDelete={onDelete}
        />
      )}
    />
  );
}

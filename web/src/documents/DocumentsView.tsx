import { Stack } from '@mantine/core';
import { useState } from 'react';
import { hashOf } from '../ui/route.js';
import { DocumentList, DocumentListSkeleton } from './DocumentList.js';
import { EmptyList, ListError } from './EmptyList.js';
import { isFiltered, NO_FILTER, type ListFilter } from './filter.js';
import { RowActions } from './RowActions.js';
import { ListControls } from './ListControls.js';
import { Pager } from './Pager.js';
import { usePaging } from './paging.js';
import type { DocumentActions } from './use-document-actions.js';
import { useDocumentCounts } from './use-document-counts.js';
import { useDocumentPage, type DocumentPage } from './use-document-page.js';
import type { DocumentWatch } from './watch-documents.js';

interface DocumentsViewProps {
  watch: DocumentWatch;
  actions: DocumentActions;
}

export function DocumentsView({ watch, actions }: DocumentsViewProps) {
  const [filter, setFilter] = useState<ListFilter>(NO_FILTER);
  const paging = usePaging<string>();
  const counts = useDocumentCounts(watch);
  const page = useDocumentPage(watch, filter, paging.cursor);
  const change = (next: ListFilter) => {
    setFilter(next);
    paging.reset();
  };
  return (
    <Stack gap="sm">
      {(counts?.all !== 0 || isFiltered(filter)) && (
        <ListControls filter={filter} counts={counts} onChange={change} />
      )}
      <Rows page={page} filter={filter} actions={actions} onReset={() => change(NO_FILTER)} />
      <Pager
        pageIndex={paging.index}
        shown={page.rows.length}
        totalCount={page.totalCount ?? 0}
        hasNext={page.nextCursor !== null}
        onPrevious={() => turnPage(paging.previous)}
        onNext={() => turnPage(() => page.nextCursor !== null && paging.next(page.nextCursor))}
      />
    </Stack>
  );
}

/** The pager stands below the rows; a new page is read from its top. */
function turnPage(turn: () => void): void {
  turn();
  window.scrollTo({ top: 0 });
}

interface RowsProps {
  page: DocumentPage;
  filter: ListFilter;
  actions: DocumentActions;
  onReset: () => void;
}

function Rows({ page, filter, actions, onReset }: RowsProps) {
  if (page.error !== undefined) return <ListError error={page.error} onRetry={page.retry} />;
  if (page.totalCount === null) return <DocumentListSkeleton />;
  if (page.rows.length === 0)
    return <EmptyList isFiltered={isFiltered(filter)} onReset={onReset} />;
  return (
    <DocumentList
      rows={page.rows}
      isStale={page.isLoading}
      hrefOf={({ id }) => hashOf({ view: 'documents', documentId: id })}
      actionsOf={({ id, filename }) => (
        <RowActions
          document={{ id, filename: filename ?? id }}
          onSave={actions.save}
          onDelete={actions.confirmDelete}
        />
      )}
    />
  );
}

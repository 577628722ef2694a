import { Stack } from '@mantine/core';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { DocumentList } from '../documents/DocumentList.js';
import { EmptyList } from '../documents/EmptyList.js';
import { countRows, isFiltered, matches, NO_FILTER, type ListFilter } from '../documents/filter.js';
import { RowActions } from '../documents/RowActions.js';
import { ListControls } from '../documents/ListControls.js';
import { Pager } from '../documents/Pager.js';
import { PAGE_SIZE, usePaging } from '../documents/paging.js';
import { saveFile } from '../documents/save-file.js';
import { notifyProblem } from '../api/notify-problem.js';
import type { Identity } from '../sign-in/identity.js';
import type { ClassicDocuments } from './classic-documents.js';

interface ClassicViewProps {
  documents: ClassicDocuments;
  identity: Identity;
}

/**
 * The same list, told by REST and the plain WebSocket: what is unfinished, and what ended in the
 * last day.
 */
export function ClassicView({ documents, identity }: ClassicViewProps) {
  const all = useSyncExternalStore(documents.subscribe, documents.get);
  const [filter, setFilter] = useState<ListFilter>(NO_FILTER);
  const paging = usePaging<number>();
  const change = (next: ListFilter) => {
    setFilter(next);
    paging.reset();
  };
  const start = paging.cursor ?? 0;
  const found = all.filter((row) => matches(row, filter));
  const rows = found.slice(start, start + PAGE_SIZE);

  useEffect(() => {
    documents.loadMissing(rows);
  });

  return (
    <Stack gap="sm">
      {all.length > 0 && <ListControls filter={filter} counts={countRows(all)} onChange={change} />}
      {rows.length === 0 ? (
        <EmptyList isFiltered={isFiltered(filter)} onReset={() => change(NO_FILTER)} />
      ) : (
        <DocumentList
          rows={rows}
          isStale={false}
          hrefOf={() => null}
          actionsOf={({ id, filename }) => (
            <RowActions
              document={{ id, filename: filename ?? id }}
              onSave={(document) => void saveFile(identity, document).catch(notifyProblem)}
            />
          )}
        />
      )}
      <Pager
        pageIndex={paging.index}
        shown={rows.length}
        totalCount={found.length}
        hasNext={found.length > start + PAGE_SIZE}
        onPrevious={paging.previous}
        onNext={() => paging.next(start + PAGE_SIZE)}
      />
    </Stack>
  );
}

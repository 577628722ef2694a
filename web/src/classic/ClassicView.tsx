import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { notifyProblem } from '../api/notify-problem.js';
import { DocumentsView, type DocumentPage } from '../documents/DocumentsView.js';
import { countRows, matches } from '../documents/filter.js';
import { PAGE_SIZE, useListPosition, type ListPosition } from '../documents/list-position.js';
import { saveFile } from '../documents/save-file.js';
import type { Identity } from '../sign-in/identity.js';
import type { ClassicDocuments } from './classic-documents.js';
import type { ClassicRow } from './classic-rows.js';

interface ClassicViewProps {
  documents: ClassicDocuments;
  identity: Identity;
}

/** The list as the plain WebSocket reports it: unfinished documents and those of the last day. */
export function ClassicView({ documents, identity }: ClassicViewProps) {
  const rows = useSyncExternalStore(documents.subscribe, documents.get);
  const position = useListPosition<number>();
  const page = useClassicPage(rows, position);

  useEffect(() => {
    documents.loadMissing(page.rows);
  }, [documents, page.rows]);

  return (
    <DocumentsView
      position={position}
      counts={countRows(rows)}
      page={page}
      hrefOf={() => null}
      onSave={(document) => void saveFile(identity, document).catch(notifyProblem)}
      onDelete={null}
    />
  );
}

interface ClassicPage extends DocumentPage<number> {
  rows: readonly ClassicRow[];
}

function useClassicPage(
  rows: readonly ClassicRow[],
  { filter, cursor }: ListPosition<number>,
): ClassicPage {
  const start = cursor ?? 0;
  const end = start + PAGE_SIZE;
  const matching = useMemo(() => rows.filter((row) => matches(row, filter)), [rows, filter]);
  const shown = useMemo(() => matching.slice(start, end), [matching, start, end]);
  return {
    rows: shown,
    totalCount: matching.length,
    nextCursor: matching.length > end ? end : null,
    isLoading: false,
    error: undefined,
    retry: () => undefined,
  };
}

import { useApolloClient, useQuery } from '@apollo/client/react';
import { useEffect, useMemo } from 'react';
import { toRow } from './document-row.js';
import type { DocumentPage } from './DocumentsView.js';
import { matches, toDocumentFilter, type ListFilter } from './filter.js';
import { prependDocument } from './first-page.js';
import { PAGE_SIZE } from './list-position.js';
import { DocumentsPage } from './operations.js';
import { createRefresher } from './refresher.js';
import type { DocumentWatch } from './watch-documents.js';

/** Requests one page of the list once, then updates it from events. */
export function useDocumentPage(
  watch: DocumentWatch,
  filter: ListFilter,
  after: string | null,
): DocumentPage<string> {
  const client = useApolloClient();
  const variables = useMemo(
    () => ({ first: PAGE_SIZE, after, filter: toDocumentFilter(filter) }),
    [after, filter],
  );
  const { data, previousData, error, loading, refetch } = useQuery(DocumentsPage, {
    variables,
    fetchPolicy: 'cache-and-network',
  });

  useEffect(() => {
    const refresher = createRefresher(() => refetch());
    const stop = watch.onEvent(({ kind, status, document }) => {
      const isOnFirstPage = after === null && document !== null && matches(toRow(document), filter);
      const isNew = isOnFirstPage && prependDocument(client, variables, document);
      const movesRows = status === 'DELETING' || (kind === 'CHANGE' && filter.group !== 'all');
      if (isNew || movesRows) refresher.request();
    });
    return () => {
      stop();
      refresher.stop();
    };
  }, [watch, client, refetch, variables, filter, after]);

  const page = (data ?? previousData)?.documents;
  const rows = (page?.edges ?? []).slice(0, PAGE_SIZE).map(({ node }) => toRow(node));
  return {
    rows: rows.filter((row) => matches(row, filter)),
    totalCount: page?.totalCount ?? null,
    nextCursor: page?.pageInfo.hasNextPage ? page.pageInfo.endCursor : null,
    isLoading: loading,
    error: page ? undefined : error,
    retry: () => void refetch().catch(() => undefined),
  };
}

import { useQuery } from '@apollo/client/react';
import { useEffect } from 'react';
import { countGroups, type GroupCounts } from './filter.js';
import { DocumentCounts } from './operations.js';
import { createRefresher } from './refresher.js';
import type { DocumentWatch } from './watch-documents.js';

/** Returns the counts over all pages; requests them again after every change of a status. */
export function useDocumentCounts(watch: DocumentWatch): GroupCounts | null {
  const { data, previousData, refetch } = useQuery(DocumentCounts, {
    fetchPolicy: 'cache-and-network',
  });
  useEffect(() => {
    const refresher = createRefresher(() => refetch());
    const stop = watch.onEvent(({ kind }) => {
      if (kind === 'CHANGE') refresher.request();
    });
    return () => {
      stop();
      refresher.stop();
    };
  }, [watch, refetch]);
  const counts = (data ?? previousData)?.documentCounts;
  return counts ? countGroups(counts) : null;
}

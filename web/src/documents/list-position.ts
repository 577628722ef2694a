import { useState } from 'react';
import { NO_FILTER, type ListFilter } from './filter.js';

export const PAGE_SIZE = 20;

/** The filter of a list and the page that is shown. */
export interface ListPosition<Cursor> {
  filter: ListFilter;
  /** Sets the filter and returns to the first page. */
  setFilter: (filter: ListFilter) => void;
  /** From 0. */
  pageIndex: number;
  /** The start of this page; null on the first page. */
  cursor: Cursor | null;
  goToNext: (cursor: Cursor) => void;
  goToPrevious: () => void;
}

/** Remembers the cursors of the earlier pages, because a cursor leads forward only. */
export function useListPosition<Cursor>(): ListPosition<Cursor> {
  const [filter, setFilter] = useState<ListFilter>(NO_FILTER);
  const [cursors, setCursors] = useState<readonly Cursor[]>([]);
  return {
    filter,
    setFilter: (next) => {
      setFilter(next);
      setCursors([]);
    },
    pageIndex: cursors.length,
    cursor: cursors.at(-1) ?? null,
    goToNext: (cursor) => setCursors([...cursors, cursor]),
    goToPrevious: () => setCursors(cursors.slice(0, -1)),
  };
}

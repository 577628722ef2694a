import { useState } from 'react';

export const PAGE_SIZE = 20;

export interface Paging<Cursor> {
  /** From 0. */
  index: number;
  /** Where this page begins; null on the first one. */
  cursor: Cursor | null;
  next: (cursor: Cursor) => void;
  previous: () => void;
  reset: () => void;
}

/** A cursor leads forward only, so the way back is remembered. */
export function usePaging<Cursor>(): Paging<Cursor> {
  const [trail, setTrail] = useState<readonly Cursor[]>([]);
  return {
    index: trail.length,
    cursor: trail.at(-1) ?? null,
    next: (cursor) => setTrail([...trail, cursor]),
    previous: () => setTrail(trail.slice(0, -1)),
    reset: () => setTrail([]),
  };
}

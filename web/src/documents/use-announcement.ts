import { useEffect, useRef, useState } from 'react';
import { isTerminal, type DocumentRow, type RowStatus } from './document-row.js';
import { statusLabel } from './StatusBadge.js';

/**
 * Returns a text for screen readers whenever documents on the page reach a terminal status. Other
 * changes are too frequent to announce.
 */
export function useAnnouncement(rows: readonly DocumentRow[]): string {
  const known = useRef(new Map<string, RowStatus>());
  const [text, setText] = useState('');
  useEffect(() => {
    const finished = rows.filter(
      ({ id, status }) =>
        isTerminal(status) && known.current.has(id) && known.current.get(id) !== status,
    );
    known.current = new Map(rows.map(({ id, status }) => [id, status]));
    if (finished.length > 0)
      setText(
        finished
          .map(({ id, filename, status }) => `${filename ?? id}: ${statusLabel(status)}`)
          .join('. '),
      );
  }, [rows]);
  return text;
}

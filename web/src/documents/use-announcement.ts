import { useEffect, useRef, useState } from 'react';
import { isTerminal, type DocumentRow, type RowStatus } from './document-row.js';
import { statusLabel } from './StatusBadge.js';

/**
 * One line for a screen reader whenever a document on the page comes to its end; every step would
 * be noise.
 */
export function useAnnouncement(rows: readonly DocumentRow[]): string {
  const known = useRef(new Map<string, RowStatus>());
  const [text, setText] = useState('');
  useEffect(() => {
    const ended = rows.filter(
      ({ id, status }) =>
        isTerminal(status) && known.current.has(id) && known.current.get(id) !== status,
    );
    known.current = new Map(rows.map(({ id, status }) => [id, status]));
    if (ended.length > 0)
      setText(
        ended
          .map(({ id, filename, status }) => `${filename ?? id}: ${statusLabel(status)}`)
          .join('. '),
      );
  }, [rows]);
  return text;
}

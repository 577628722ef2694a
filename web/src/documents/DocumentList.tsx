import { Skeleton, Stack, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';
import { useNow } from '../ui/use-now.js';
import { isTerminal, type DocumentRow } from './document-row.js';
import { DocumentListRow } from './DocumentListRow.js';
import classes from './documents.module.css';
import { useAnnouncement } from './use-announcement.js';

interface DocumentListProps {
  rows: readonly DocumentRow[];
  isStale: boolean;
  hrefOf: (documentId: string) => string | null;
  actionsOf: (row: DocumentRow) => ReactNode;
}

/** The list of both protocols. */
export function DocumentList({ rows, isStale, hrefOf, actionsOf }: DocumentListProps) {
  const nowMs = useNow(rows.some(({ status }) => !isTerminal(status)));
  const announcement = useAnnouncement(rows);
  return (
    <>
      <VisuallyHidden aria-live="polite">{announcement}</VisuallyHidden>
      <ul className={classes['list']} aria-label="Documents" aria-busy={isStale}>
        {rows.map((row) => (
          <DocumentListRow
            key={row.id}
            row={row}
            nowMs={nowMs}
            href={hrefOf(row.id)}
            actions={actionsOf(row)}
          />
        ))}
      </ul>
    </>
  );
}

export function DocumentListSkeleton() {
  return (
    <Stack gap="sm" role="status" aria-label="Loading your documents">
      {[72, 72, 72].map((height, index) => (
        <Skeleton key={index} height={height} radius="md" />
      ))}
    </Stack>
  );
}

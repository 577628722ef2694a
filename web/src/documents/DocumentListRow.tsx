import { Anchor, Group, Skeleton, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import {
  formatAgo,
  formatBytes,
  formatDateTime,
  formatDuration,
  formatMimeType,
} from '../ui/format.js';
import { isRunning, processingMs, type DocumentRow } from './document-row.js';
import classes from './documents.module.css';
import { ErrorNote } from './ErrorNote.js';
import { FileIcon } from './FileIcon.js';
import { StageProgress } from './StageProgress.js';
import { StatusBadge } from './StatusBadge.js';

interface DocumentListRowProps {
  row: DocumentRow;
  nowMs: number;
  /** The address of the details; null if the protocol has no details. */
  href: string | null;
  actions: ReactNode;
}

export function DocumentListRow({ row, nowMs, href, actions }: DocumentListRowProps) {
  return (
    <li className={classes['row']} data-testid="document" data-id={row.id} data-status={row.status}>
      <div className={classes['icon']}>
        <FileIcon filename={row.filename} />
      </div>
      <div className={classes['name']}>
        <Name row={row} href={href} />
        <Facts row={row} nowMs={nowMs} />
      </div>
      <div className={classes['status']}>
        <StatusBadge status={row.status} />
      </div>
      <div className={classes['actions']}>{actions}</div>
      <Stack gap="xs" className={classes['more']}>
        <StageProgress row={row} nowMs={nowMs} />
        <ErrorNote row={row} />
      </Stack>
    </li>
  );
}

function Name({ row, href }: Pick<DocumentListRowProps, 'row' | 'href'>) {
  if (row.filename === null)
    return <Skeleton height={18} width="60%" my={3} aria-label="Loading the name" />;
  if (href === null) {
    return (
      <Text fw={600} className="wrap-anywhere">
        {row.filename}
      </Text>
    );
  }
  return (
    <Anchor href={href} fw={600} c="var(--mantine-color-text)" className="wrap-anywhere">
      {row.filename}
    </Anchor>
  );
}

function Facts({ row, nowMs }: Pick<DocumentListRowProps, 'row' | 'nowMs'>) {
  const took = processingMs(row, nowMs);
  const facts = [
    row.fileSize === null ? null : formatBytes(row.fileSize),
    row.mimeType === null ? null : formatMimeType(row.mimeType),
    row.status === 'COMPLETED' && row.vectorCount !== null
      ? `${row.vectorCount.toLocaleString('en')} ${row.vectorCount === 1 ? 'passage' : 'passages'}`
      : null,
    took === null || (isRunning(row.status) && took < 1000)
      ? null
      : `${isRunning(row.status) ? 'for' : 'took'} ${formatDuration(took)}`,
  ].filter((fact) => fact !== null);
  return (
    <Group gap={0} className={classes['facts']}>
      {row.createdAt !== null && (
        <time dateTime={row.createdAt} title={formatDateTime(row.createdAt)}>
          {formatAgo(row.createdAt, nowMs)}
        </time>
      )}
      {facts.map((fact) => (
        <span key={fact}>{fact}</span>
      ))}
    </Group>
  );
}

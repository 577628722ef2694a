import { Code } from '@mantine/core';
import type { ReactNode } from 'react';
import type { DocumentDetailsQuery } from '../gql/graphql.js';
import {
  formatAgo,
  formatBytes,
  formatDateTime,
  formatDuration,
  formatMimeType,
} from '../ui/format.js';
import classes from './details.module.css';
import { processingMs, type DocumentRow } from './document-row.js';

type Details = NonNullable<DocumentDetailsQuery['document']>;

interface DocumentFactsProps {
  document: Details;
  row: DocumentRow;
  nowMs: number;
}

export function DocumentFacts({ document, row, nowMs }: DocumentFactsProps) {
  const took = processingMs(row, nowMs);
  return (
    <dl className={classes['facts']}>
      <Fact name="Size">{formatBytes(document.fileSize)}</Fact>
      <Fact name="Type">{formatMimeType(document.mimeType)}</Fact>
      <Fact name="Uploaded">
        {formatDateTime(document.createdAt)} ({formatAgo(document.createdAt, nowMs)})
      </Fact>
      {took !== null && <Fact name="Took">{formatDuration(took)}</Fact>}
      <Fact name="Searchable">
        {document.searchable
          ? `Yes, ${document.vectorCount.toLocaleString('en')} passages`
          : 'Not yet'}
      </Fact>
      <Fact name="Attempts">
        {document.attempt} of {document.maxAttempts}
      </Fact>
      {document.nextAttemptAt !== null && (
        <Fact name="Next attempt">{formatDateTime(document.nextAttemptAt)}</Fact>
      )}
      <Fact name="Priority">
        {document.priority.charAt(0) + document.priority.slice(1).toLowerCase()}
      </Fact>
      <Fact name="Document ID">
        <Code className="wrap-anywhere">{document.id}</Code>
      </Fact>
      <Fact name="SHA-256">
        <Code className="wrap-anywhere">{document.contentHash}</Code>
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

import { hasErrorHelp } from '../api/error-help.js';
import type { DocumentRow, RowError, RowStatus } from '../documents/document-row.js';
import type { DocumentProcessed, JobProgress, StatusResponse } from './protocol.js';

export interface ClassicRow extends DocumentRow {
  /** Counts events, so that a response to an older request does not undo a newer event. */
  revision: number;
}

export type ClassicRows = ReadonlyMap<string, ClassicRow>;

function createRow(id: string): ClassicRow {
  return {
    id,
    filename: null,
    mimeType: null,
    fileSize: null,
    status: 'PENDING',
    percent: 0,
    done: null,
    total: null,
    error: null,
    attempt: null,
    maxAttempts: null,
    queuePosition: null,
    vectorCount: null,
    scheduledFor: null,
    nextAttemptAt: null,
    createdAt: null,
    startedAt: null,
    processedAt: null,
    revision: 0,
  };
}

function updateRow(
  rows: ClassicRows,
  id: string,
  change: (row: ClassicRow) => Partial<ClassicRow>,
): ClassicRows {
  const row = rows.get(id) ?? createRow(id);
  return new Map(rows).set(id, { ...row, ...change(row) });
}

export function withProgress(
  rows: ClassicRows,
  { documentId, status, progress }: JobProgress,
): ClassicRows {
  return updateRow(rows, documentId, ({ revision }) => ({
    status: status === 'pending' ? 'PENDING' : 'PROCESSING',
    percent: progress,
    error: null,
    processedAt: null,
    revision: revision + 1,
  }));
}

export function withProcessed(
  rows: ClassicRows,
  { documentId, filename, status, error, processedAt }: DocumentProcessed,
): ClassicRows {
  return updateRow(rows, documentId, ({ revision }) => ({
    filename,
    processedAt,
    status: toRowStatus(status, error),
    percent: 100,
    error: toRowError(status, error),
    revision: revision + 1,
  }));
}

export function withUpload(
  rows: ClassicRows,
  id: string,
  { name, size }: { name: string; size: number },
): ClassicRows {
  return updateRow(rows, id, () => ({ filename: name, fileSize: size }));
}

/**
 * Applies a response to a row. `requestRevision` is the row's revision when the request was sent.
 * If events have arrived since then, the response changes only the constant facts.
 */
export function withStatus(
  rows: ClassicRows,
  response: StatusResponse,
  requestRevision: number,
): ClassicRows {
  const { documentId, filename, createdAt, startedAt, completedAt, status, error } = response;
  return updateRow(rows, documentId, (row) => ({
    filename,
    createdAt,
    startedAt: startedAt ?? row.startedAt,
    ...(row.revision === requestRevision
      ? {
          status: toRowStatus(status, error),
          error: toRowError(status, error),
          processedAt: completedAt,
        }
      : {}),
  }));
}

export function withoutRow(rows: ClassicRows, id: string): ClassicRows {
  const remaining = new Map(rows);
  remaining.delete(id);
  return remaining;
}

/** Sorts by creation, newest first. A row without a time was reported just now and comes first. */
export const sortRows = (rows: ClassicRows): readonly ClassicRow[] =>
  [...rows.values()].sort((a, b) => readTime(b) - readTime(a));

function readTime({ createdAt, processedAt }: ClassicRow) {
  const time = createdAt ?? processedAt;
  return time === null ? Number.POSITIVE_INFINITY : Date.parse(time);
}

function toRowStatus(status: StatusResponse['status'], error: string | null): RowStatus {
  if (status === 'failed') return error === 'cancelled' ? 'CANCELLED' : 'FAILED';
  if (status === 'completed') return 'COMPLETED';
  // A status that the page does not know counts as not terminal.
  return status === 'pending' ? 'PENDING' : 'PROCESSING';
}

/** Reads the code that the error text starts with, because the protocol has no field for it. */
function toRowError(status: StatusResponse['status'], error: string | null): RowError | null {
  if (error === null || status === 'completed' || error === 'cancelled') return null;
  const code = /^[A-Z_]+/.exec(error)?.[0] ?? null;
  return { code: hasErrorHelp(code) ? code : null, cause: null, message: error, retryable: false };
}

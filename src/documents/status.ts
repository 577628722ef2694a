/**
 * The states of a document and the allowed changes.
 *
 *     PENDING ─► EXTRACTING ─► VECTORIZING ─► COMPLETED
 *        ▲           │              │
 *        └── retry ──┴──────────────┴───► FAILED
 *
 *     any unfinished ─► CANCELLED      any ─► DELETING ─► (gone)
 *     terminal ─► PENDING              only as a new generation, requested by a person
 *
 * If VECTORIZING lasts only a few milliseconds, EXTRACTING ─► COMPLETED is written as one change.
 *
 * Every write is a compare-and-set on (status, generation, lease token). So neither a worker that
 * lost its lease nor two concurrent writers can write a change that is not in this table.
 */
import type { Document, DocumentStatus, StatusEvent } from './document.js';

const ALLOWED: Readonly<Record<DocumentStatus, readonly DocumentStatus[]>> = {
  PENDING: ['EXTRACTING', 'FAILED', 'CANCELLED', 'DELETING'],
  EXTRACTING: ['VECTORIZING', 'PENDING', 'FAILED', 'CANCELLED', 'DELETING'],
  VECTORIZING: ['COMPLETED', 'PENDING', 'FAILED', 'CANCELLED', 'DELETING'],
  COMPLETED: ['PENDING', 'DELETING'],
  FAILED: ['PENDING', 'DELETING'],
  CANCELLED: ['PENDING', 'DELETING'],
  DELETING: [],
};

const TERMINAL: readonly DocumentStatus[] = ['COMPLETED', 'FAILED', 'CANCELLED'];
const RUNNING: readonly DocumentStatus[] = ['EXTRACTING', 'VECTORIZING'];

/** Returns whether every step of a change is allowed. `through` is a stage between the two. */
export function isAllowedChange({
  from,
  through = from,
  to,
}: {
  from: DocumentStatus;
  through?: DocumentStatus;
  to: DocumentStatus;
}): boolean {
  return (through === from || isAllowed(from, through)) && isAllowed(through, to);
}

export function isAllowed(from: DocumentStatus, to: DocumentStatus): boolean {
  return ALLOWED[from].includes(to);
}

/** Returns whether a status is final for its generation. */
export function isTerminal(status: DocumentStatus): boolean {
  return TERMINAL.includes(status);
}

/** Returns whether a worker holds a lease on a document of this status. */
export function isRunning(status: DocumentStatus): boolean {
  return RUNNING.includes(status);
}

export function isUnfinished(status: DocumentStatus): boolean {
  return status === 'PENDING' || isRunning(status);
}

/** Returns one line for a person. */
export function describe(document: Document): string {
  switch (document.status) {
    case 'PENDING':
      return describeWaiting(document);
    case 'EXTRACTING':
      return 'Reading the text.';
    case 'VECTORIZING':
      return `Embedding ${passages(document.progress.total ?? 0)}.`;
    case 'COMPLETED':
      return `Ready to search: ${passages(document.vectorCount)}.`;
    case 'FAILED':
      return document.error?.message ?? 'Processing failed.';
    case 'CANCELLED':
      return 'Cancelled.';
    case 'DELETING':
      return 'Deleted.';
  }
}

function passages(count: number): string {
  return count === 1 ? '1 passage' : `${count} passages`;
}

function describeWaiting(document: Document): string {
  if (document.nextAttemptAt && document.error) {
    return `${document.error.message} Next attempt at ${document.nextAttemptAt.toISOString()}.`;
  }
  return document.scheduledFor
    ? `Waiting until ${document.scheduledFor.toISOString()}.`
    : 'Waiting for a worker.';
}

/** Returns the event of a durable change. */
export function toChangeEvent(
  document: Document,
  previousStatus: DocumentStatus | null,
): StatusEvent {
  return { ...toEvent(document), kind: 'CHANGE', previousStatus };
}

/** Returns the event with the current state, for a new watcher. */
export function toSnapshotEvent(document: Document): StatusEvent {
  return { ...toEvent(document), kind: 'SNAPSHOT', previousStatus: null };
}

/** Returns the event of more progress within the same seq. */
export function toProgressEvent(document: Document, occurredAt: Date): StatusEvent {
  const { done, total } = document.progress;
  const message = `Embedded ${done} of ${passages(total ?? 0)}.`;
  return {
    ...toEvent(document),
    kind: 'PROGRESS',
    previousStatus: document.status,
    message,
    occurredAt,
  };
}

function toEvent(document: Document): Omit<StatusEvent, 'kind' | 'previousStatus'> {
  return {
    documentId: document.id,
    userId: document.userId,
    seq: document.seq,
    status: document.status,
    progress: document.progress,
    attempt: document.attempt,
    generation: document.generation,
    error: document.error,
    vectorCount: document.vectorCount,
    message: describe(document),
    occurredAt: document.updatedAt,
    document,
  };
}

/** Compares two events by (seq, progress.done). Returns a positive number if `a` is newer. */
export function compareNewness(
  a: { seq: number; progress: { done: number } },
  b: { seq: number; progress: { done: number } },
): number {
  return a.seq - b.seq || a.progress.done - b.progress.done;
}

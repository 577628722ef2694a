/**
 * The states of a document and the only changes there are.
 *
 *     PENDING ─► EXTRACTING ─► VECTORIZING ─► COMPLETED
 *        ▲           │              │
 *        └── retry ──┴──────────────┴───► FAILED
 *
 *     any unfinished ─► CANCELLED      any ─► DELETING ─► (gone)
 *     terminal ─► PENDING              only as a new generation, asked for by a person
 *
 * A VECTORIZING that is over within a few milliseconds is passed without a change of its own: EXTRACTING ─► COMPLETED is then one.
 *
 * Every write is a compare-and-set on (status, generation, lease token), so a change that is not in
 * this table cannot be written by a worker that lost its lease, nor by two at once.
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

/** Every step of it, where it passes a stage. */
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

/** Final for its generation. */
export function isTerminal(status: DocumentStatus): boolean {
  return TERMINAL.includes(status);
}

/** A worker holds it. */
export function isRunning(status: DocumentStatus): boolean {
  return RUNNING.includes(status);
}

export function isUnfinished(status: DocumentStatus): boolean {
  return status === 'PENDING' || isRunning(status);
}

/** One line for a person. */
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
    return `${document.error.message} Next try at ${document.nextAttemptAt.toISOString()}.`;
  }
  return document.scheduledFor
    ? `Waiting until ${document.scheduledFor.toISOString()}.`
    : 'Waiting for a worker.';
}

/** What a durable change tells its watchers. */
export function toChangeEvent(
  document: Document,
  previousStatus: DocumentStatus | null,
): StatusEvent {
  return { ...toEvent(document), kind: 'CHANGE', previousStatus };
}

/** The state as it is, for a watcher that begins. */
export function toSnapshotEvent(document: Document): StatusEvent {
  return { ...toEvent(document), kind: 'SNAPSHOT', previousStatus: null };
}

/** The same seq, more done. */
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

/** The one order there is: (seq, progress.done). Positive when `a` is newer. */
export function compareNewness(
  a: { seq: number; progress: { done: number } },
  b: { seq: number; progress: { done: number } },
): number {
  return a.seq - b.seq || a.progress.done - b.progress.done;
}

import type { StatusEvent } from '../documents/document.js';
import { compareNewness } from '../documents/status.js';
import { indexOf } from './list-cursor.js';

/** Per document. Enough for the stages of one attempt, so that a fast reader sees each of them. */
const MAX_PENDING_EVENTS = 8;

/** The number of documents whose newest known state a watcher remembers. */
const MAX_REMEMBERED = 10_000;

/**
 * Greater than the number of chunks of any document, and small enough that seq * DONE_RANGE stays
 * below 2 ** 53 for any seq.
 */
const DONE_RANGE = 2 ** 21;

/** The events that wait for one watcher, and what it knows of each document. */
export interface PendingEvents {
  /** Returns the number of documents with pending events. */
  size(): number;
  has(documentId: string): boolean;
  /** Returns the newness of the newest event of a document, pending or delivered; 0 if unknown. */
  newestKnown(documentId: string): number;
  add(event: StatusEvent): void;
  /** Keeps, for every document in both, the newer of its snapshot and its pending events. */
  merge(snapshots: readonly StatusEvent[]): void;
  /** Marks a snapshot as delivered. Returns false if this state or a newer one was before. */
  markDelivered(snapshot: StatusEvent): boolean;
  /** Removes and returns the oldest event of the document that has waited for longest. */
  takeFirst(): StatusEvent | undefined;
  /**
   * Drops all pending events. They no longer count as known, so that a list which is read again can
   * bring them back.
   */
  clear(): void;
}

interface DocumentEvents {
  events: StatusEvent[];
  /** The newness of the last event of this document that was delivered, if any. */
  lastDelivered: number | undefined;
}

export function createPendingEvents(): PendingEvents {
  const pending = new Map<string, DocumentEvents>();
  const newestKnown = new Map<string, number>();

  /**
   * Forgets the document that has not changed for longest: a notification that arrives that late is
   * older than every safety read.
   */
  function remember(documentId: string, newness: number): void {
    newestKnown.delete(documentId);
    newestKnown.set(documentId, newness);
    const [oldest] = newestKnown.keys();
    if (newestKnown.size > MAX_REMEMBERED && oldest !== undefined) newestKnown.delete(oldest);
  }

  function forgetUndelivered(documentId: string, { lastDelivered }: DocumentEvents): void {
    if (lastDelivered === undefined) newestKnown.delete(documentId);
    else newestKnown.set(documentId, lastDelivered);
  }

  function mergeOne(snapshot: StatusEvent, waiting: DocumentEvents): void {
    const newer = newerOf(snapshot, waiting.events.at(-1));
    if (newer !== snapshot) {
      waiting.events = [newer];
      waiting.lastDelivered = Math.max(waiting.lastDelivered ?? 0, toNewness(snapshot));
      return;
    }
    pending.delete(snapshot.documentId);
    forgetUndelivered(snapshot.documentId, waiting);
  }

  return {
    size: () => pending.size,
    has: (documentId) => pending.has(documentId),
    newestKnown: (documentId) => newestKnown.get(documentId) ?? 0,
    add: (event) => {
      const { documentId } = event;
      const waiting = pending.get(documentId);
      const lastDelivered = newestKnown.get(documentId);
      if (waiting) append(waiting.events, event);
      else pending.set(documentId, { events: [event], lastDelivered });
      remember(documentId, toNewness(event));
    },
    merge: (snapshots) => {
      const index = pending.size > 0 ? indexOf(snapshots) : undefined;
      for (const [documentId, waiting] of pending) {
        const snapshot = index?.get(documentId);
        if (snapshot) mergeOne(snapshot, waiting);
      }
    },
    markDelivered: (snapshot) => {
      const { documentId } = snapshot;
      const waiting = pending.get(documentId);
      const lastDelivered = waiting ? waiting.lastDelivered : newestKnown.get(documentId);
      const newness = toNewness(snapshot);
      if (lastDelivered !== undefined && newness <= lastDelivered) return false;
      if (waiting) waiting.lastDelivered = newness;
      else remember(documentId, newness);
      return true;
    },
    takeFirst: () => {
      const [first] = pending;
      if (!first) return undefined;
      const [documentId, waiting] = first;
      const event = waiting.events.shift();
      waiting.lastDelivered = event && toNewness(event);
      if (waiting.events.length === 0) pending.delete(documentId);
      return event;
    },
    clear: () => {
      for (const [documentId, waiting] of pending) forgetUndelivered(documentId, waiting);
      pending.clear();
    },
  };
}

/**
 * Returns the order of compareNewness as one number, which takes a fifth of the memory of the two
 * numbers.
 */
export function toNewness({ seq, progress }: StatusEvent): number {
  return seq * DONE_RANGE + progress.done;
}

/** Replaces the previous PROGRESS of the same seq; beyond the limit drops the oldest event. */
function append(events: StatusEvent[], event: StatusEvent): void {
  const last = events.at(-1);
  if (last?.kind === 'PROGRESS' && last.seq === event.seq) events.pop();
  events.push(event);
  if (events.length > MAX_PENDING_EVENTS) events.shift();
}

function newerOf(snapshot: StatusEvent, arrived: StatusEvent | undefined): StatusEvent {
  if (!arrived || compareNewness(arrived, snapshot) <= 0) return snapshot;
  return arrived.status === 'DELETING'
    ? arrived
    : { ...arrived, kind: 'SNAPSHOT', previousStatus: null };
}

/**
 * One watcher's side of the hub: what has been delivered to it and which events are pending. The
 * reader pulls, so a client that does not read costs a bounded amount of memory: a few pending
 * events per document, of which the newest survive. A terminal state is never dropped.
 *
 * A watcher first reads a list of snapshots, then the pending events. Both are shared with the
 * other watchers of the channel; a watcher owns only its index in the list and the map of its
 * pending events.
 */
import type { StatusEvent } from '../documents/document.js';
import { createListCursor } from './list-cursor.js';
import { createPendingEvents, toNewness } from './pending-events.js';

/**
 * The number of documents with pending events for a watcher of a whole list. Beyond it the hub
 * reads the list again.
 */
const MAX_PENDING_DOCUMENTS = 1_000;
/**
 * The same limit for a watcher that has read nothing for IDLE_MS. It may never read again, and its
 * list is read again if it does.
 */
const MAX_PENDING_DOCUMENTS_IDLE = 50;
const IDLE_MS = 1_000;

export interface Watcher {
  /**
   * Sets the list of snapshots, newest first, that `next` returns before pending events: the state
   * at the start, or the state read again after an overflow. For a document with pending events
   * the newer of the two states is delivered.
   *
   * The watcher keeps the array itself, not a copy. Its other owners may empty it; the rest of the
   * list is then dropped.
   */
  setSnapshots(snapshots: readonly StatusEvent[]): void;
  /** Accepts an event that is newer than all this watcher has of its document; drops others. */
  offer(event: StatusEvent): void;
  /**
   * Returns the next event, `overflow` if pending events or the rest of the list were dropped, or
   * null after `end` when nothing is pending. Waits if there is nothing to return.
   */
  next(): Promise<StatusEvent | 'overflow' | null>;
  /**
   * Returns true if the last `overflow` dropped the rest of the list. Only a list that starts as
   * early brings it back.
   */
  hasDroppedList(): boolean;
  end(): void;
}

export function createWatcher(): Watcher {
  const list = createListCursor();
  const pending = createPendingEvents();
  let hasOverflowed = false;
  let hasDroppedList = false;
  let hasEnded = false;
  let wakeReader: (() => void) | undefined;
  let readAt = Date.now();

  function wake(): void {
    if (wakeReader) readAt = Date.now();
    wakeReader?.();
    wakeReader = undefined;
  }

  function offer(event: StatusEvent): void {
    if (hasEnded) return;
    const listed = list.find(event.documentId);
    const newestKnown = pending.newestKnown(event.documentId);
    if (toNewness(event) <= Math.max(newestKnown, listed ? toNewness(listed) : 0)) return;
    if (pending.has(event.documentId) || pending.size() < capacity()) pending.add(event);
    else dropPending();
    wake();
  }

  function capacity(): number {
    const isReading = wakeReader !== undefined || Date.now() - readAt < IDLE_MS;
    return isReading ? MAX_PENDING_DOCUMENTS : MAX_PENDING_DOCUMENTS_IDLE;
  }

  function dropPending(): void {
    pending.clear();
    hasDroppedList = (hasOverflowed && hasDroppedList) || list.hasMore();
    hasOverflowed = true;
    list.clear();
  }

  function take(): StatusEvent | 'overflow' | undefined {
    readAt = Date.now();
    if (list.isEmptied()) dropPending();
    // The list comes first, so that a reader makes progress even if each slow read drops events.
    return takeFromList() ?? takeOverflow() ?? pending.takeFirst();
  }

  /** Returns the next event of the list of which no newer state was delivered. */
  function takeFromList(): StatusEvent | undefined {
    for (let event = list.next(); event; event = list.next())
      if (pending.markDelivered(event)) return event;
    list.clear();
    return undefined;
  }

  function takeOverflow(): 'overflow' | undefined {
    if (!hasOverflowed) return undefined;
    hasOverflowed = false;
    return 'overflow';
  }

  return {
    setSnapshots: (snapshots) => {
      list.load(snapshots);
      pending.merge(snapshots);
      wake();
    },
    offer,
    next: async () => {
      for (;;) {
        const event = take();
        if (event) return event;
        if (hasEnded) return null;
        await new Promise<void>((resolve) => (wakeReader = resolve));
      }
    },
    hasDroppedList: () => hasDroppedList,
    end: () => {
      hasEnded = true;
      wake();
    },
  };
}

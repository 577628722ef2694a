/**
 * One watcher's side of the hub: what it has been given, and what waits for it. It is pulled, so a client that does not read costs
 * a bounded slot: a few events per document, and past that the newest. A terminal state is never dropped.
 */
import type { StatusEvent } from '../documents/document.js';
import { compareNewness } from '../documents/status.js';

/** Per document: enough for the stages of one run, which a reader that keeps up sees one by one. */
const SLOT_EVENTS = 8;
/** Documents with something waiting, for a watcher of a whole list; past it the list is read anew. */
const MAX_SLOTS = 1_000;

/** Documents whose newest state is known per watcher. */
const MAX_REMEMBERED = 10_000;

type Newness = Pick<StatusEvent, 'seq' | 'progress'>;

export interface Watcher {
  /** The state when watching began, newest first: each as the newer of what was read and what has come in meanwhile. */
  begin(snapshots: readonly StatusEvent[]): void;
  /** Takes what is newer than everything this watcher has of that document; drops the rest. */
  offer(event: StatusEvent): void;
  /** The next event, `overflow` when slots were given up, null at the end. */
  next(): Promise<StatusEvent | 'overflow' | null>;
  end(): void;
}

interface Slot {
  events: StatusEvent[];
  /** The newest that the reader has been given of this document, if any. */
  given: Newness | undefined;
}

export function createWatcher(): Watcher {
  const slots = new Map<string, Slot>();
  const newest = new Map<string, Newness>();
  let overflowed = false;
  let ended = false;
  let wakeReader: (() => void) | undefined;

  function wake(): void {
    wakeReader?.();
    wakeReader = undefined;
  }

  function offer(event: StatusEvent): void {
    if (ended) return;
    const last = newest.get(event.documentId);
    if (last && compareNewness(event, last) <= 0) return;
    put(event, last);
    wake();
  }

  /** The longest unchanged is forgotten first: a hint that late is past every safety read. */
  function remember(event: StatusEvent): void {
    newest.delete(event.documentId);
    newest.set(event.documentId, { seq: event.seq, progress: event.progress });
    const [oldest] = newest.keys();
    if (newest.size > MAX_REMEMBERED && oldest !== undefined) newest.delete(oldest);
  }

  function begin(snapshots: readonly StatusEvent[]): void {
    const arrived = new Map(slots);
    slots.clear();
    for (const snapshot of snapshots) {
      const start = newerOf(snapshot, arrived.get(snapshot.documentId)?.events.at(-1));
      arrived.delete(snapshot.documentId);
      put(start, undefined);
    }
    for (const [documentId, slot] of arrived) slots.set(documentId, slot);
    wake();
  }

  function put(event: StatusEvent, given: Newness | undefined): void {
    const slot = slots.get(event.documentId);
    if (!slot && slots.size >= MAX_SLOTS) return giveUp();
    remember(event);
    if (slot) append(slot.events, event);
    else slots.set(event.documentId, { events: [event], given });
  }

  /** What is given up must not count as seen: the list is read anew, and that brings it again. */
  function giveUp(): void {
    for (const [documentId, { given }] of slots) {
      if (given) newest.set(documentId, given);
      else newest.delete(documentId);
    }
    slots.clear();
    overflowed = true;
  }

  function take(): StatusEvent | 'overflow' | undefined {
    if (overflowed) {
      overflowed = false;
      return 'overflow';
    }
    const [first] = slots;
    if (!first) return undefined;
    const [documentId, slot] = first;
    const event = slot.events.shift();
    slot.given = event;
    if (slot.events.length === 0) slots.delete(documentId);
    return event;
  }

  return {
    begin,
    offer,
    next: async () => {
      for (;;) {
        const taken = take();
        if (taken) return taken;
        if (ended) return null;
        await new Promise<void>((resolve) => (wakeReader = resolve));
      }
    },
    end: () => {
      ended = true;
      wake();
    },
  };
}

/** A hint of progress takes the place of the one before it; of the rest, the oldest gives way. */
function append(events: StatusEvent[], event: StatusEvent): void {
  const last = events.at(-1);
  if (last?.kind === 'PROGRESS' && last.seq === event.seq) events.pop();
  events.push(event);
  if (events.length > SLOT_EVENTS) events.shift();
}

function newerOf(snapshot: StatusEvent, arrived: StatusEvent | undefined): StatusEvent {
  if (!arrived || compareNewness(arrived, snapshot) <= 0) return snapshot;
  return arrived.status === 'DELETING' ? arrived : { ...arrived, kind: 'SNAPSHOT', previousStatus: null };
}

/**
 * One watcher's side of the hub: what it has been given, and what waits for it. It is pulled, so a
 * client that does not read costs a bounded slot: a few events per document, and past that the
 * newest. A terminal state is never dropped.
 *
 * Events and the list that watching begins with are shared with the other watchers of the channel:
 * what is private is a place in that list and, for what came since, which documents have something
 * waiting.
 */
import type { StatusEvent } from '../documents/document.js';
import { compareNewness } from '../documents/status.js';

/** Per document: enough for the stages of one run, which a reader that keeps up sees one by one. */
const SLOT_EVENTS = 8;
/**
 * Documents with something waiting, for a watcher of a whole list; past it the list is read anew.
 */
const MAX_SLOTS = 1_000;
/**
 * The same for a reader that has taken nothing for a while: it may never come back, and its list is
 * read anew if it does.
 */
const MAX_SLOTS_UNREAD = 50;
const UNREAD_MS = 1_000;

/** Documents whose newest state is known per watcher. */
const MAX_REMEMBERED = 10_000;

/** Above the most passages that a document can have, and far enough below 2 ** 53 for any seq. */
const DONE_RANGE = 2 ** 21;

export interface Watcher {
  /**
   * The state when watching began, or what was read anew after some was given up, newest first:
   * each as the newer of what was read and what has come in meanwhile. The list is shared and kept
   * by reference. Whoever shares it may empty it, which gives up the rest of it.
   */
  begin(snapshots: readonly StatusEvent[]): void;
  /** Takes what is newer than everything this watcher has of that document; drops the rest. */
  offer(event: StatusEvent): void;
  /**
   * The next event, `overflow` when slots or the rest of the list were given up, null at the end.
   */
  next(): Promise<StatusEvent | 'overflow' | null>;
  /**
   * Whether the last `overflow` gave up the rest of the list: only a list that begins as early
   * brings it again.
   */
  hasLostList(): boolean;
  end(): void;
}

interface Slot {
  events: StatusEvent[];
  /** The newest that the reader has been given of this document, if any. */
  given: number | undefined;
}

const EMPTY: readonly StatusEvent[] = [];

export function createWatcher(): Watcher {
  const slots = new Map<string, Slot>();
  const newest = new Map<string, number>();
  let list = EMPTY;
  let listed = 0;
  let position = 0;
  let isOverflowed = false;
  let hasLostList = false;
  let ended = false;
  let wakeReader: (() => void) | undefined;
  let readAt = Date.now();

  function wake(): void {
    if (wakeReader) readAt = Date.now();
    wakeReader?.();
    wakeReader = undefined;
  }

  function offer(event: StatusEvent): void {
    if (ended) return;
    if (
      toNewness(event) <=
      Math.max(newest.get(event.documentId) ?? 0, listedNewness(event.documentId))
    )
      return;
    put(event);
    wake();
  }

  function listedNewness(documentId: string): number {
    const event = position < list.length ? indexOf(list).get(documentId) : undefined;
    return event ? toNewness(event) : 0;
  }

  /** The longest unchanged is forgotten first: a hint that is late is past every safety read. */
  function remember(documentId: string, newness: number): void {
    newest.delete(documentId);
    newest.set(documentId, newness);
    const [oldest] = newest.keys();
    if (newest.size > MAX_REMEMBERED && oldest !== undefined) newest.delete(oldest);
  }

  function begin(snapshots: readonly StatusEvent[]): void {
    list = snapshots;
    listed = snapshots.length;
    position = 0;
    const read = slots.size > 0 ? indexOf(snapshots) : undefined;
    for (const [documentId, slot] of slots) {
      const snapshot = read?.get(documentId);
      if (snapshot) settle(snapshot, slot);
    }
    wake();
  }

  /** Of a document that came in while the list was read, the newer state stands for both. */
  function settle(snapshot: StatusEvent, slot: Slot): void {
    const start = newerOf(snapshot, slot.events.at(-1));
    if (start !== snapshot) {
      slot.events = [start];
      slot.given = Math.max(slot.given ?? 0, toNewness(snapshot));
      return;
    }
    slots.delete(snapshot.documentId);
    if (slot.given === undefined) newest.delete(snapshot.documentId);
    else newest.set(snapshot.documentId, slot.given);
  }

  function put(event: StatusEvent): void {
    const { documentId } = event;
    const slot = slots.get(documentId);
    if (!slot && slots.size >= capacity()) return giveUp();
    if (slot) append(slot.events, event);
    else slots.set(documentId, { events: [event], given: newest.get(documentId) });
    remember(documentId, toNewness(event));
  }

  function capacity(): number {
    return wakeReader || Date.now() - readAt < UNREAD_MS ? MAX_SLOTS : MAX_SLOTS_UNREAD;
  }

  /** What is given up must not count as seen: the list is read anew, and that brings it again. */
  function giveUp(): void {
    for (const [documentId, { given }] of slots) {
      if (given === undefined) newest.delete(documentId);
      else newest.set(documentId, given);
    }
    slots.clear();
    hasLostList = (isOverflowed && hasLostList) || position < listed;
    isOverflowed = true;
    dropList();
  }

  function dropList(): void {
    list = EMPTY;
    listed = 0;
    position = 0;
  }

  function take(): StatusEvent | 'overflow' | undefined {
    readAt = Date.now();
    if (list.length < listed) giveUp();
    // The list first: a reader of a slow database gets on even if more is lost during each read.
    return takeListed() ?? takeOverflow() ?? takeWaiting();
  }

  function takeOverflow(): 'overflow' | undefined {
    if (!isOverflowed) return undefined;
    isOverflowed = false;
    return 'overflow';
  }

  /** The next of the list that the reader has not been given in a newer state. */
  function takeListed(): StatusEvent | undefined {
    while (position < listed) {
      const event = list[position];
      position += 1;
      if (event && takeFromList(event)) return event;
    }
    dropList();
    return undefined;
  }

  function takeFromList(event: StatusEvent): boolean {
    const slot = slots.get(event.documentId);
    const given = slot ? slot.given : newest.get(event.documentId);
    const newness = toNewness(event);
    if (given !== undefined && newness <= given) return false;
    if (slot) slot.given = newness;
    else remember(event.documentId, newness);
    return true;
  }

  function takeWaiting(): StatusEvent | undefined {
    const [first] = slots;
    if (!first) return undefined;
    const [documentId, slot] = first;
    const event = slot.events.shift();
    slot.given = event && toNewness(event);
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
    hasLostList: () => hasLostList,
    end: () => {
      ended = true;
      wake();
    },
  };
}

const indexes = new WeakMap<readonly StatusEvent[], Map<string, StatusEvent>>();

/** The events of a list by document, made once for all who share the list. */
function indexOf(list: readonly StatusEvent[]): Map<string, StatusEvent> {
  let index = indexes.get(list);
  if (!index) indexes.set(list, (index = new Map(list.map((event) => [event.documentId, event]))));
  return index;
}

/** The order of compareNewness in one number, which takes a fifth of the memory of the two. */
function toNewness({ seq, progress }: StatusEvent): number {
  return seq * DONE_RANGE + progress.done;
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
  return arrived.status === 'DELETING'
    ? arrived
    : { ...arrived, kind: 'SNAPSHOT', previousStatus: null };
}

/**
 * The lists that watchers of all of a user's documents begin with. Watchers of one user share what
 * they can: a read, the events of documents that have not changed between two reads, and the whole
 * list if nothing has. A watcher holds a reference and a place in it.
 */
import type { Document, StatusEvent } from '../documents/document.js';
import type { DocumentStore } from '../documents/ports.js';
import { compareNewness, toSnapshotEvent } from '../documents/status.js';
import { createSharedRead } from './shared-read.js';

export interface SnapshotList {
  all: StatusEvent[];
  /**
   * Without those that are being deleted: what somebody who begins is shown. The same array if
   * there are none.
   */
  present: StatusEvent[];
}

export interface UserLists {
  /**
   * Unfinished documents and those changed since, newest change first; the list may begin up to
   * SINCE_STEP_MS earlier.
   */
  read(changedSince: Date): Promise<SnapshotList>;
  /** No-op if called again. */
  leave(): void;
}

interface User {
  watchers: number;
  /** Newest last. Watchers that have read a list to its end let it go, and then nobody keeps it. */
  lists: WeakRef<SnapshotList>[];
}

interface Dependencies {
  store: Pick<DocumentStore, 'recent'>;
  limit: number;
}

/**
 * Unread lists of one user that are kept. Whoever has not read an older one to its end reads the
 * rest anew.
 */
const MAX_LISTS = 3;
/** Watchers that begin within it ask for the same list. */
const SINCE_STEP_MS = 60_000;

export function createSnapshotLists({ store, limit }: Dependencies): {
  enter(userId: string): UserLists;
} {
  const users = new Map<string, User>();
  const readShared = createSharedRead(async (key) => {
    const [since, userId] = JSON.parse(key) as [number, string];
    const documents = await store.recent(userId, new Date(since), limit);
    return keep(users.get(userId)?.lists ?? [], documents);
  });

  function leave(userId: string, user: User): void {
    user.watchers -= 1;
    if (user.watchers === 0) users.delete(userId);
  }

  return {
    enter: (userId) => {
      const user = users.get(userId) ?? { watchers: 0, lists: [] };
      users.set(userId, user);
      user.watchers += 1;
      let isIn = true;
      return {
        read: (changedSince) => readShared(JSON.stringify([toStep(changedSince), userId])),
        leave: () => {
          if (isIn) leave(userId, user);
          isIn = false;
        },
      };
    },
  };
}

function toStep(date: Date): number {
  return Math.floor(date.getTime() / SINCE_STEP_MS) * SINCE_STEP_MS;
}

/**
 * A watcher holds one of the two arrays: while it does, the list is found by the reference that its
 * user has.
 */
const listOf = new WeakMap<readonly StatusEvent[], SnapshotList>();

/**
 * Returns the newest list if it says the same, else a new one. Empties the oldest if there are too
 * many.
 */
function keep(lists: WeakRef<SnapshotList>[], documents: readonly Document[]): SnapshotList {
  const held = lists.flatMap((reference) => reference.deref() ?? []);
  const newest = held.at(-1);
  const all = withKnownEvents(newest, documents);
  if (newest && isSame(newest.all, all)) return newest;
  const isGone = ({ status }: StatusEvent) => status === 'DELETING';
  const list = { all, present: all.some(isGone) ? all.filter((event) => !isGone(event)) : all };
  listOf.set(list.all, list).set(list.present, list);
  const kept = [...held, list];
  for (const old of kept.splice(0, kept.length - MAX_LISTS)) setImmediate(() => empty(old));
  lists.splice(0, lists.length, ...kept.map((one) => new WeakRef(one)));
  return list;
}

/** In a later turn, when whoever has just been given the list has begun with it. */
function empty(list: SnapshotList): void {
  list.all.length = 0;
  list.present.length = 0;
}

function withKnownEvents(
  newest: SnapshotList | undefined,
  documents: readonly Document[],
): StatusEvent[] {
  const known = new Map(newest?.all.map((event) => [event.documentId, event]));
  return documents.map((document) => {
    const event = known.get(document.id);
    return event && compareNewness(event, document) === 0 ? event : toSnapshotEvent(document);
  });
}

function isSame(one: readonly StatusEvent[], other: readonly StatusEvent[]): boolean {
  return one.length === other.length && one.every((event, index) => event === other[index]);
}

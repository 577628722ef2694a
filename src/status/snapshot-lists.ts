/**
 * The lists with which watchers of all documents of a user start. Watchers of one user share as
 * much as they can: a read, the events of documents that did not change between two reads, and the
 * whole list if nothing changed. A watcher holds only a reference and an index into the list.
 */
import type { Document, StatusEvent } from '../documents/document.js';
import type { DocumentStore } from '../documents/ports.js';
import { compareNewness, toSnapshotEvent } from '../documents/status.js';
import { createSharedRead } from './shared-read.js';

export interface SnapshotList {
  all: StatusEvent[];
  /**
   * The events of `all` whose document is not DELETING, for a watcher that starts. The same array
   * as `all` if no document is DELETING.
   */
  visible: StatusEvent[];
}

export interface UserLists {
  /**
   * Returns the unfinished documents and those that changed since `changedSince`, newest change
   * first. The list may start up to SINCE_STEP_MS earlier.
   */
  read(changedSince: Date): Promise<SnapshotList>;
  /** Unregisters the watcher. No-op if called again. */
  leave(): void;
}

interface User {
  watchers: number;
  /** Newest last. Weak: a list is freed when no watcher has events of it left to read. */
  lists: WeakRef<SnapshotList>[];
}

interface Dependencies {
  store: Pick<DocumentStore, 'recent'>;
  limit: number;
}

/**
 * The number of unread lists kept for one user. A watcher that has not finished an older list reads
 * the rest of it from the database again.
 */
const MAX_LISTS = 3;
/** Watchers that start within this step share one list. */
const SINCE_STEP_MS = 60_000;

export function createSnapshotLists({ store, limit }: Dependencies): {
  enter(userId: string): UserLists;
} {
  const users = new Map<string, User>();
  const readShared = createSharedRead(async (key) => {
    const [since, userId] = JSON.parse(key) as [number, string];
    const documents = await store.recent(userId, new Date(since), limit);
    return reuseOrAdd(users.get(userId)?.lists ?? [], documents);
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
      let hasLeft = false;
      return {
        read: (changedSince) => readShared(JSON.stringify([toStep(changedSince), userId])),
        leave: () => {
          if (!hasLeft) leave(userId, user);
          hasLeft = true;
        },
      };
    },
  };
}

function toStep(date: Date): number {
  return Math.floor(date.getTime() / SINCE_STEP_MS) * SINCE_STEP_MS;
}

/**
 * Keeps a list alive as long as one of its arrays. A watcher holds one array only, and the weak
 * references of a user point to the list.
 */
const listOf = new WeakMap<readonly StatusEvent[], SnapshotList>();

/**
 * Returns the newest list if its events equal those of `documents`, otherwise a new one. Empties
 * the oldest lists beyond MAX_LISTS.
 */
function reuseOrAdd(
  references: WeakRef<SnapshotList>[],
  documents: readonly Document[],
): SnapshotList {
  const lists = references.flatMap((reference) => reference.deref() ?? []);
  const newest = lists.at(-1);
  const all = withKnownEvents(newest, documents);
  if (newest && isSame(newest.all, all)) return newest;
  const isDeleting = ({ status }: StatusEvent) => status === 'DELETING';
  const visible = all.some(isDeleting) ? all.filter((event) => !isDeleting(event)) : all;
  const list = { all, visible };
  listOf.set(list.all, list).set(list.visible, list);
  const kept = [...lists, list];
  const surplus = kept.splice(0, kept.length - MAX_LISTS);
  for (const old of surplus) setImmediate(() => empty(old));
  references.splice(0, references.length, ...kept.map((listToKeep) => new WeakRef(listToKeep)));
  return list;
}

/** Runs in a later turn, after a watcher that has just received the list has loaded it. */
function empty(list: SnapshotList): void {
  list.all.length = 0;
  list.visible.length = 0;
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

function isSame(a: readonly StatusEvent[], b: readonly StatusEvent[]): boolean {
  return a.length === b.length && a.every((event, index) => event === b[index]);
}

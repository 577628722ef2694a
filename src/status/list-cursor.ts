import type { StatusEvent } from '../documents/document.js';

/** A watcher's position in a list of snapshots that it shares with other watchers. */
export interface ListCursor {
  /** Starts at the first event of a list. Keeps the array itself, not a copy. */
  load(list: readonly StatusEvent[]): void;
  /** Returns the next event, or undefined at the end. */
  next(): StatusEvent | undefined;
  hasMore(): boolean;
  /** Returns true if another owner of the array has emptied it. */
  isEmptied(): boolean;
  /** Returns the event of a document if the list has more events, of whatever document. */
  find(documentId: string): StatusEvent | undefined;
  /** Releases the list. */
  clear(): void;
}

const EMPTY: readonly StatusEvent[] = [];

export function createListCursor(): ListCursor {
  let list = EMPTY;
  /** The length of `list` before another owner emptied it. */
  let length = 0;
  let nextIndex = 0;

  function load(loaded: readonly StatusEvent[]): void {
    list = loaded;
    length = loaded.length;
    nextIndex = 0;
  }

  return {
    load,
    next: () => {
      const event = list[nextIndex];
      if (nextIndex < length) nextIndex += 1;
      return event;
    },
    hasMore: () => nextIndex < length,
    isEmptied: () => list.length < length,
    find: (documentId) => (nextIndex < list.length ? indexOf(list).get(documentId) : undefined),
    clear: () => load(EMPTY),
  };
}

const indexes = new WeakMap<readonly StatusEvent[], Map<string, StatusEvent>>();

/** Returns the events of a list by document. All watchers of a list share one index. */
export function indexOf(list: readonly StatusEvent[]): Map<string, StatusEvent> {
  let index = indexes.get(list);
  if (!index) {
    index = new Map(list.map((event) => [event.documentId, event]));
    indexes.set(list, index);
  }
  return index;
}

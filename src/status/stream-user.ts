import type { StatusEvent } from '../documents/document.js';
import { isTerminal } from '../documents/status.js';
import { OVERLAP_MS } from './safety-read.js';
import type { UserLists } from './snapshot-lists.js';
import type { Watcher } from './watcher.js';

interface Options {
  changedSince: Date;
  lists: UserLists;
  watcher: Watcher;
}

/**
 * Sends the snapshots and the events of all documents of a user. Reads the list again if the
 * watcher had to drop events.
 */
export async function* streamUser({
  changedSince,
  lists,
  watcher,
}: Options): AsyncGenerator<StatusEvent, void, void> {
  let since = changedSince;
  let readAt = new Date();
  for (let event = await watcher.next(); event !== null; event = await watcher.next()) {
    if (event !== 'overflow') {
      if (isRequested(event, changedSince)) yield event;
      continue;
    }
    if (!watcher.hasDroppedList()) since = new Date(readAt.getTime() - OVERLAP_MS);
    readAt = new Date();
    watcher.setSnapshots((await lists.read(since)).all);
  }
}

/** A shared list may start earlier than this watcher requested. */
function isRequested({ kind, status, occurredAt }: StatusEvent, changedSince: Date): boolean {
  return kind !== 'SNAPSHOT' || !isTerminal(status) || occurredAt >= changedSince;
}

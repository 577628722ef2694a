import type { StatusEvent } from './document.js';

/**
 * Tells the watchers, at once and after the commit, what has been committed: hints to the bus, and
 * the signal that the outbox and, where there is new work, the queue have something. Never throws
 * and may be lost: every listener looks for itself as well.
 */
export type NotifyCommitted = (events: readonly StatusEvent[]) => void;

export function createCommitNotifier(
  listeners: readonly ((event: StatusEvent) => void)[],
): NotifyCommitted {
  return (events) => {
    for (const event of events) for (const listener of listeners) listener(event);
  };
}

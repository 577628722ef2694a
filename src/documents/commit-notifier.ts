import type { StatusEvent } from './document.js';

/**
 * Notifies listeners of committed events, immediately after the commit: the status bus, the outbox
 * relay and, if there is new work, the queue. Never throws. A notification may be lost, so every
 * listener also polls.
 */
export type NotifyCommitted = (events: readonly StatusEvent[]) => void;

export function createCommitNotifier(
  listeners: readonly ((event: StatusEvent) => void)[],
): NotifyCommitted {
  return (events) => {
    for (const event of events) for (const listener of listeners) listener(event);
  };
}

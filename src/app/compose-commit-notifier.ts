import { createCommitNotifier, type NotifyCommitted } from '../documents/commit-notifier.js';
import type { StatusEvent } from '../documents/document.js';
import type { StatusBus } from '../documents/ports.js';
import type { Logger } from '../runtime/logger.js';

interface Listeners {
  bus: StatusBus;
  logger: Logger;
  /** Called when the outbox has new rows. */
  onOutbox: () => void;
  onDeleting?: () => void;
}

/** Returns the notifier that runs after every commit of this process. */
export function composeCommitNotifier({
  bus,
  logger,
  onOutbox,
  onDeleting,
}: Listeners): NotifyCommitted {
  return createCommitNotifier([
    (event) => logChange(logger, event),
    (event) => bus.publish(event),
    (event) => event.kind === 'CHANGE' && onOutbox(),
    (event) => event.status === 'DELETING' && onDeleting?.(),
  ]);
}

function logChange(logger: Logger, event: StatusEvent): void {
  if (event.kind !== 'CHANGE') return;
  const { documentId, seq, generation, attempt, status, previousStatus, error } = event;
  const fields = { documentId, seq, generation, attempt, status, previousStatus };
  logger.info({ ...fields, ...(error && { code: error.code }) }, 'document changed');
}

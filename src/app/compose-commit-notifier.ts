import { createCommitNotifier, type NotifyCommitted } from '../documents/commit-notifier.js';
import type { StatusEvent } from '../documents/document.js';
import type { StatusBus } from '../documents/ports.js';
import type { Logger } from '../runtime/logger.js';

interface Listeners {
  bus: StatusBus;
  logger: Logger;
  /** The outbox has rows. */
  onOutbox: () => void;
  onDeleting?: () => void;
}

/** What happens at once after every commit, whichever process made it. */
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
  logger.info(
    {
      documentId,
      seq,
      generation,
      attempt,
      status,
      previousStatus,
      ...(error && { code: error.code }),
    },
    'document changed',
  );
}

import { settlesWithin } from './deadline.js';
import type { Logger } from './logger.js';

type Close = () => Promise<void> | void;
type ClosingListener = (deadlineMs: number) => Promise<void> | void;

/**
 * The open resources of a process. `close` closes the newest first, continues after an error, and
 * stops waiting at the deadline: the end of the process closes the rest.
 */
export interface ResourceStack {
  /** Adds the function that closes a resource. */
  push(name: string, close: Close): void;
  /**
   * Registers a listener for the start of `close`, before any resource is closed. `close` does not
   * wait for listeners, and logs their errors.
   */
  onClosing(listener: ClosingListener): void;
  /**
   * Closes all resources once, and returns the same promise to every caller. It resolves to true if
   * all resources closed in time and without an error.
   */
  close(deadlineMs: number): Promise<boolean>;
}

export function createResourceStack(logger: Logger): ResourceStack {
  const entries: { name: string; close: Close }[] = [];
  const listeners: ClosingListener[] = [];
  let closing: Promise<boolean> | undefined;

  async function notify(listener: ClosingListener, deadlineMs: number): Promise<void> {
    try {
      await listener(deadlineMs);
    } catch (error) {
      logger.error({ err: error }, 'failed to notify a shutdown listener; closing anyway');
    }
  }

  async function closeAll(): Promise<boolean> {
    let clean = true;
    for (let entry = entries.pop(); entry; entry = entries.pop()) {
      try {
        await entry.close();
        logger.debug({ resource: entry.name }, 'closed a resource');
      } catch (error) {
        clean = false;
        logger.error(
          { err: error, resource: entry.name },
          'failed to close a resource; closing the next one',
        );
      }
    }
    return clean;
  }

  async function closeWithin(deadlineMs: number): Promise<boolean> {
    for (const listener of listeners) void notify(listener, deadlineMs);
    const closed = closeAll();
    if (await settlesWithin(closed, deadlineMs)) return closed;
    logger.error({ deadlineMs }, 'shutdown deadline passed; exiting with open resources');
    return false;
  }

  return {
    push: (name, close) => void entries.push({ name, close }),
    onClosing: (listener) => void listeners.push(listener),
    close: (deadlineMs) => (closing ??= closeWithin(deadlineMs)),
  };
}

import type { Logger } from './logger.js';

/**
 * Everything that is opened pushes the way to close it here. Closing runs newest first, once, goes
 * on after an error, and gives up waiting at the deadline: what is still open then ends with the
 * process.
 */
export interface ResourceStack {
  push(name: string, close: () => Promise<void> | void): void;
  /**
   * Called when closing begins, before anything is closed. Closing does not wait for the listener,
   * and its errors are logged.
   */
  onClosing(listener: (deadlineMs: number) => Promise<void> | void): void;
  /**
   * Resolves to whether everything closed in time and without an error. The same promise for every
   * caller.
   */
  close(deadlineMs: number): Promise<boolean>;
}

export function createResourceStack(logger: Logger): ResourceStack {
  const entries: { name: string; close: () => Promise<void> | void }[] = [];
  const listeners: ((deadlineMs: number) => Promise<void> | void)[] = [];
  let closing: Promise<boolean> | undefined;

  async function tell(
    listener: (deadlineMs: number) => Promise<void> | void,
    deadlineMs: number,
  ): Promise<void> {
    try {
      await listener(deadlineMs);
    } catch (error) {
      logger.error({ err: error }, 'failed to announce the stop');
    }
  }

  async function closeAll(): Promise<boolean> {
    let clean = true;
    for (let entry = entries.pop(); entry; entry = entries.pop()) {
      try {
        await entry.close();
        logger.debug({ resource: entry.name }, 'closed');
      } catch (error) {
        clean = false;
        logger.error({ err: error, resource: entry.name }, 'could not be closed cleanly');
      }
    }
    return clean;
  }

  function closeWithin(deadlineMs: number): Promise<boolean> {
    const deadline = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => {
      logger.error({ deadlineMs }, 'shutdown deadline passed with resources still open');
      deadline.resolve(false);
    }, deadlineMs);
    for (const listener of listeners) void tell(listener, deadlineMs);
    return Promise.race([closeAll(), deadline.promise]).finally(() => clearTimeout(timer));
  }

  return {
    push: (name, close) => void entries.push({ name, close }),
    onClosing: (listener) => void listeners.push(listener),
    close: (deadlineMs) => (closing ??= closeWithin(deadlineMs)),
  };
}

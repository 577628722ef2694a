import type { StatusEvent } from '../documents/document.js';

export type StatusStream = AsyncIterableIterator<StatusEvent, void, void>;

/**
 * Returns a stream of the generator's events that calls `leave` exactly once, however the stream
 * ends. A `finally` in the generator cannot do that: `return` does not interrupt a generator that
 * awaits, and a generator that never started skips its `finally`. `leave` must end that wait.
 */
export function toStatusStream(
  generator: AsyncGenerator<StatusEvent, void, void>,
  leave: () => void,
): StatusStream {
  let isOpen = true;
  function close(): void {
    if (!isOpen) return;
    isOpen = false;
    leave();
  }
  const stream: StatusStream = {
    next: async () => {
      const result = await generator.next().catch((error: unknown) => {
        close();
        throw error;
      });
      if (result.done === true) close();
      return result;
    },
    return: () => {
      close();
      return generator.return();
    },
    throw: (error) => {
      close();
      return generator.throw(error);
    },
    [Symbol.asyncIterator]: () => stream,
  };
  return stream;
}

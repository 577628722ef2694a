import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/**
 * Gives the next value when the one before it has gone out. Whoever writes the events takes as fast
 * as it can and keeps what the client does not read; what is not taken waits in the watcher, which
 * keeps the newest only.
 */
export function withBackpressure<Value>(
  source: AsyncGenerator<Value, void, void>,
  response: ServerResponse,
): AsyncGenerator<Value, void, void> {
  const stream: AsyncGenerator<Value, void, void> = {
    next: async () => {
      await drained(response);
      return source.next();
    },
    return: () => source.return(),
    throw: (error) => source.throw(error),
    [Symbol.asyncIterator]: () => stream,
    [Symbol.asyncDispose]: async () => void (await source.return()),
  };
  return stream;
}

async function drained(response: ServerResponse): Promise<void> {
  // A turn for the writer of the value before.
  await new Promise<void>((resolve) => setImmediate(resolve));
  if (!response.writableNeedDrain || response.closed) return;
  const left = new AbortController();
  const either = ['drain', 'close'].map((event) =>
    once(response, event, { signal: left.signal }).catch(() => undefined),
  );
  await Promise.race(either);
  left.abort();
}

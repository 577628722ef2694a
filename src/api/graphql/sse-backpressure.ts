import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { wrapStream } from './wrap-stream.js';

/**
 * Returns a stream that yields the next value only when the client has read the one before. The
 * library that writes the events reads as fast as it can and buffers without a limit. Values that
 * are not read wait in the watcher, which keeps only the newest.
 */
export function withBackpressure<Value>(
  source: AsyncGenerator<Value, void, void>,
  response: ServerResponse,
): AsyncGenerator<Value, void, void> {
  return wrapStream(source, {
    next: async () => {
      await waitUntilDrained(response);
      return source.next();
    },
  });
}

async function waitUntilDrained(response: ServerResponse): Promise<void> {
  // The writer needs a turn of the event loop to write the value before.
  await new Promise<void>((resolve) => setImmediate(resolve));
  if (!response.writableNeedDrain || response.closed) return;
  const settled = new AbortController();
  const events = ['drain', 'close'].map((event) =>
    once(response, event, { signal: settled.signal }).catch(() => undefined),
  );
  await Promise.race(events);
  settled.abort();
}

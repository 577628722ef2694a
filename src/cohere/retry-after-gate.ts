/** Applies the `Retry-After` of one response to every call. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CallFailure } from './failures.js';

export interface RetryAfterGate {
  /**
   * Resolves when calls may be made again. Throws a CallFailure if the wait is longer than a call
   * of this purpose may wait.
   */
  pass(purpose: 'document' | 'query', signal: AbortSignal): Promise<void>;
  closeFor(ms: number): void;
}

/** If the wait is longer, a document waits in the queue and not on a worker. */
const MAX_WAIT_MS = { document: 60_000, query: 3_000 };

export function createRetryAfterGate(now = () => performance.now()): RetryAfterGate {
  let closedUntil = 0;
  return {
    pass: async (purpose, signal) => {
      signal.throwIfAborted();
      for (let waitMs = closedUntil - now(); waitMs > 0; waitMs = closedUntil - now()) {
        if (waitMs > MAX_WAIT_MS[purpose]) {
          const seconds = Math.ceil(waitMs / 1_000);
          const message =
            `Cohere is rate limiting requests for another ${seconds} s; ` +
            'they are retried later.';
          throw new CallFailure('EMBEDDER_UNAVAILABLE', message, { isTransient: false });
        }
        await sleep(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    },
    closeFor: (ms) => {
      closedUntil = Math.max(closedUntil, now() + ms);
    },
  };
}

/** Cohere's `Retry-After` is meant for every call, not only for the one that was told. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CallFailure } from './failures.js';

export interface Gate {
  /**
   * Waits until calls may be made again; refuses where that is longer than such a call may wait.
   */
  pass(purpose: 'document' | 'query', signal: AbortSignal): Promise<void>;
  closeFor(ms: number): void;
}

/** Beyond it the document waits in the queue instead of on a worker. */
const MAX_WAIT_MS = { document: 60_000, query: 3_000 };

export function createGate(now = () => performance.now()): Gate {
  let closedUntil = 0;
  return {
    pass: async (purpose, signal) => {
      signal.throwIfAborted();
      for (let waitMs = closedUntil - now(); waitMs > 0; waitMs = closedUntil - now()) {
        if (waitMs > MAX_WAIT_MS[purpose]) {
          const message = `Cohere wants to be left alone for another ${Math.ceil(waitMs / 1_000)} s; it is tried again later.`;
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

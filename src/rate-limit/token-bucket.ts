/**
 * A token bucket that limits calls per minute. `take` reserves the tokens immediately and then
 * waits until they are available: callers are served in order, nobody polls, and an aborted wait
 * has spent its tokens.
 *
 * The bucket stores the time up to which tokens are spent. That time is a burst before now at the
 * earliest, and every token moves it forward; the wait is its distance from now. Burst and refill
 * together stay within `perMinute` in any minute.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export interface TokenBucket {
  /**
   * Resolves when `count` tokens are available. Rejects with the signal's reason, or with an error
   * after `stop`.
   */
  take(count: number, signal: AbortSignal): Promise<void>;
  stop(): void;
}

/** Reserves tokens and returns the milliseconds until they are available. */
export type Reserve = (count: number) => number | Promise<number>;

/** Share of the tokens of a minute that can be used immediately. */
const BURST_SHARE = 0.05;

/** Creates the bucket of a process that does not share its limit with other processes. */
export function createLocalTokenBucket({ perMinute }: { perMinute: number }): TokenBucket {
  return createTokenBucket(createLocalReserve(toRefillRate(perMinute)));
}

export function createTokenBucket(reserve: Reserve): TokenBucket {
  const stopping = new AbortController();
  return {
    take: async (count, signal) => {
      const anySignal = AbortSignal.any([signal, stopping.signal]);
      anySignal.throwIfAborted();
      const waitMs = await reserve(count);
      anySignal.throwIfAborted();
      if (waitMs < 1) return;
      await sleep(waitMs, undefined, { signal: anySignal }).catch(() => anySignal.throwIfAborted());
    },
    stop: () => stopping.abort(new Error('the token bucket was stopped')),
  };
}

export function toRefillRate(perMinute: number): { burstMs: number; tokenMs: number } {
  const tokenMs = 60_000 / (perMinute * (1 - BURST_SHARE));
  return { tokenMs, burstMs: perMinute * BURST_SHARE * tokenMs };
}

/** Creates the reservation function of one process. `now` returns milliseconds. */
export function createLocalReserve(
  { burstMs, tokenMs }: { burstMs: number; tokenMs: number },
  now = () => performance.now(),
) {
  let spentUntil = Number.NEGATIVE_INFINITY;
  return (count: number): number => {
    spentUntil = Math.max(spentUntil, now() - burstMs) + count * tokenMs;
    return Math.max(spentUntil - now(), 0);
  };
}

/**
 * A bucket of tokens that keeps calls within so many a minute. Taking reserves at once and then
 * waits until the tokens are there: whoever asks first is served first, nobody polls, and a wait
 * that is given up has spent its tokens.
 *
 * What is kept is the time until which the tokens are spent. It starts a burst before now, and each
 * token moves it on; the wait is what it lies ahead. Burst and refill together stay within
 * `perMinute` in any minute.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export interface TokenBucket {
  /**
   * Resolves when `count` tokens may be used. Rejects with the reason of the signal, or when the
   * bucket was stopped.
   */
  take(count: number, signal: AbortSignal): Promise<void>;
  stop(): void;
}

/** Reserves and answers how long to wait, in milliseconds. */
export type Reserve = (count: number) => number | Promise<number>;

/** Of the tokens of a minute, those that may be used at once. */
const BURST_SHARE = 0.05;

/** The bucket of a process that shares its limit with no other. */
export function createLocalTokenBucket({ perMinute }: { perMinute: number }): TokenBucket {
  return createTokenBucket(createLocalReserve(toRefillRate(perMinute)));
}

export function createTokenBucket(reserve: Reserve): TokenBucket {
  const stopping = new AbortController();
  return {
    take: async (count, signal) => {
      const either = AbortSignal.any([signal, stopping.signal]);
      either.throwIfAborted();
      const waitMs = await reserve(count);
      either.throwIfAborted();
      if (waitMs < 1) return;
      await sleep(waitMs, undefined, { signal: either }).catch(() => either.throwIfAborted());
    },
    stop: () => stopping.abort(new Error('The token bucket was stopped.')),
  };
}

export function toRefillRate(perMinute: number): { burstMs: number; tokenMs: number } {
  const tokenMs = 60_000 / (perMinute * (1 - BURST_SHARE));
  return { tokenMs, burstMs: perMinute * BURST_SHARE * tokenMs };
}

/** The reckoning within one process. */
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

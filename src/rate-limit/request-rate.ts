import { ApiError } from '../errors.js';

export interface RequestRate {
  /** Counts one request. Throws RATE_LIMITED, and then counts nothing. */
  spend(userId: string): void;
}

const MAX_REMEMBERED = 10_000;

/**
 * Requests a second of each user, over a burst. What is kept of a user is the time until which the
 * requests are spent: it starts a burst before now, and each request moves it on. `now` is in
 * milliseconds.
 */
export function createRequestRate(
  { perSecond, burst }: { perSecond: number; burst: number },
  now = () => performance.now(),
): RequestRate {
  const requestMs = 1_000 / perSecond;
  const spentUntil = new Map<string, number>();

  /** Users who have their whole burst again need not be remembered. */
  function forgetIdle(time: number): void {
    if (spentUntil.size < MAX_REMEMBERED) return;
    for (const [userId, until] of spentUntil)
      if (until <= time - burst * requestMs) spentUntil.delete(userId);
  }

  return {
    spend(userId) {
      const time = now();
      const until =
        Math.max(spentUntil.get(userId) ?? -Infinity, time - burst * requestMs) + requestMs;
      if (until > time) throw tooFast(perSecond, Math.ceil((until - time) / 1_000));
      forgetIdle(time);
      spentUntil.set(userId, until);
    },
  };
}

function tooFast(limit: number, retryAfterSeconds: number): ApiError {
  const message = `A user may send ${limit} requests a second. Try again in ${retryAfterSeconds} s.`;
  return new ApiError('RATE_LIMITED', message, { limit, retryAfterSeconds });
}

import { ApiError } from '../errors.js';

export interface RequestRate {
  /** Counts one request. Throws RATE_LIMITED, and then counts nothing. */
  spend(userId: string): void;
}

const MAX_USERS = 10_000;

/**
 * Limits the requests per second of each user, and allows a burst. For each user, it stores the
 * time up to which requests are spent: that time is a burst before now at the earliest, and every
 * request moves it forward. `now` returns milliseconds.
 */
export function createRequestRate(
  { perSecond, burst }: { perSecond: number; burst: number },
  now = () => performance.now(),
): RequestRate {
  const requestMs = 1_000 / perSecond;
  const spentUntil = new Map<string, number>();

  /** Removes users whose whole burst is available again, once there are many. */
  function removeIdle(time: number): void {
    if (spentUntil.size < MAX_USERS) return;
    for (const [userId, until] of spentUntil)
      if (until <= time - burst * requestMs) spentUntil.delete(userId);
  }

  return {
    spend: (userId) => {
      const time = now();
      const until =
        Math.max(spentUntil.get(userId) ?? -Infinity, time - burst * requestMs) + requestMs;
      if (until > time) throw tooFast(perSecond, Math.ceil((until - time) / 1_000));
      removeIdle(time);
      spentUntil.set(userId, until);
    },
  };
}

function tooFast(limit: number, retryAfterSeconds: number): ApiError {
  const message = `A user can send ${limit} requests per second. Try again in ${retryAfterSeconds} s.`;
  return new ApiError('RATE_LIMITED', message, { limit, retryAfterSeconds });
}

import { ApiError } from '../errors.js';

/** What a client may hold at once, counted by user and by process. */
export interface Quota {
  /** Counts one more and returns the way to give it back, which may be called twice. Throws RATE_LIMITED, or DEPENDENCY_UNAVAILABLE at the process's own limit. */
  take(userId: string): () => void;
  /** In use, over all users. */
  inUse(): number;
}

const RETRY_AFTER_SECONDS = 5;

/** `what` is a plural noun for messages, such as "uploads". */
export function createQuota({ what, perUser, total = Infinity }: { what: string; perUser: number; total?: number }): Quota {
  const byUser = new Map<string, number>();
  let all = 0;

  function add(userId: string, delta: number): void {
    const count = (byUser.get(userId) ?? 0) + delta;
    if (count === 0) byUser.delete(userId);
    else byUser.set(userId, count);
    all += delta;
  }

  return {
    take(userId) {
      if ((byUser.get(userId) ?? 0) >= perUser) throw tooMany(what, perUser);
      if (all >= total) throw full(what, total);
      add(userId, 1);
      let taken = true;
      return () => {
        if (taken) add(userId, -1);
        taken = false;
      };
    },
    inUse: () => all,
  };
}

function tooMany(what: string, limit: number): ApiError {
  const message = `A user may have ${String(limit)} ${what} at once. Wait until one has ended.`;
  return new ApiError('RATE_LIMITED', message, { limit, retryAfterSeconds: RETRY_AFTER_SECONDS });
}

function full(what: string, limit: number): ApiError {
  const message = `The server has reached its limit of ${what}. Try again later.`;
  return new ApiError('DEPENDENCY_UNAVAILABLE', message, { limit, retryAfterSeconds: RETRY_AFTER_SECONDS });
}

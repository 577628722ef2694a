import { ApiError } from '../errors.js';

/** What a client may hold at once, counted by user and by process. */
export interface Quota {
  /**
   * Counts one more and returns the way to give it back, which may be called twice. Throws
   * RATE_LIMITED, or DEPENDENCY_UNAVAILABLE at the process's own limit.
   */
  take(userId: string): () => void;
  /**
   * Waits a moment for a place where `take` would refuse the user: a client that sends many at once
   * gets them all in turn.
   */
  takeSoon(userId: string): Promise<() => void>;
  /** In use, over all users. */
  inUse(): number;
}

const RETRY_AFTER_SECONDS = 5;
/** How long `takeSoon` waits, and for how many of one user. */
const WAIT_MS = 2_000;
const WAITING_PER_USER = 100;

/** `what` is a plural noun for messages, such as "uploads". */
export function createQuota({
  what,
  perUser,
  total = Infinity,
}: {
  what: string;
  perUser: number;
  total?: number;
}): Quota {
  const byUser = new Map<string, number>();
  const waiting = new Map<string, Set<() => void>>();
  let all = 0;

  function add(userId: string, delta: number): void {
    const count = (byUser.get(userId) ?? 0) + delta;
    if (count === 0) byUser.delete(userId);
    else byUser.set(userId, count);
    all += delta;
  }

  function take(userId: string): () => void {
    if ((byUser.get(userId) ?? 0) >= perUser) throw tooMany(what, perUser);
    if (all >= total) throw full(what, total);
    add(userId, 1);
    let taken = true;
    return () => {
      if (!taken) return;
      taken = false;
      add(userId, -1);
      const [next] = waiting.get(userId) ?? [];
      next?.();
    };
  }

  /** Resolves when a place may be free, and at the latest when the time is over. */
  async function wait(userId: string, waiters: Set<() => void>): Promise<void> {
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(over.resolve, WAIT_MS).unref();
    waiters.add(over.resolve);
    waiting.set(userId, waiters);
    await over.promise;
    clearTimeout(timer);
    waiters.delete(over.resolve);
    if (waiters.size === 0) waiting.delete(userId);
  }

  return {
    take,
    async takeSoon(userId) {
      const waiters = waiting.get(userId) ?? new Set();
      const isFull = (byUser.get(userId) ?? 0) >= perUser || waiters.size > 0;
      if (isFull && waiters.size < WAITING_PER_USER) await wait(userId, waiters);
      return take(userId);
    },
    inUse: () => all,
  };
}

function tooMany(what: string, limit: number): ApiError {
  const message = `A user may have ${limit} ${what} at once. Wait until one has ended.`;
  return new ApiError('RATE_LIMITED', message, { limit, retryAfterSeconds: RETRY_AFTER_SECONDS });
}

function full(what: string, limit: number): ApiError {
  const message = `The server has reached its limit of ${what}. Try again later.`;
  return new ApiError('DEPENDENCY_UNAVAILABLE', message, {
    limit,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}

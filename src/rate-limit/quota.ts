import { ApiError } from '../errors.js';

/** A limit on what users hold at the same time, per user and per process. */
export interface Quota {
  /**
   * Takes one unit. Returns the function that releases it, which may be called twice. Throws
   * RATE_LIMITED at the user's limit, DEPENDENCY_UNAVAILABLE at the limit of the process.
   */
  take(userId: string): () => void;
  /**
   * Does the same as `take`, but first waits up to 2 s for a unit if the user is at the limit. So a
   * client that sends many requests at the same time gets all of them served in turn.
   */
  takeSoon(userId: string): Promise<() => void>;
  /** Returns the number of units in use by all users. */
  inUse(): number;
}

const RETRY_AFTER_SECONDS = 5;
/** Longest wait of `takeSoon`. */
const WAIT_MS = 2_000;
/** Calls of `takeSoon` of one user that wait; further ones do not wait. */
const WAITING_PER_USER = 100;

interface Options {
  /** A plural noun for messages, such as "uploads". */
  what: string;
  perUser: number;
  total?: number;
}

export function createQuota({ what, perUser, total = Infinity }: Options): Quota {
  const byUser = new Map<string, number>();
  const waiting = new Map<string, Set<() => void>>();
  let inUse = 0;

  function add(userId: string, delta: number): void {
    const count = (byUser.get(userId) ?? 0) + delta;
    if (count === 0) byUser.delete(userId);
    else byUser.set(userId, count);
    inUse += delta;
  }

  function take(userId: string): () => void {
    if ((byUser.get(userId) ?? 0) >= perUser) throw tooMany(what, perUser);
    if (inUse >= total) throw full(what, total);
    add(userId, 1);
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      add(userId, -1);
      const [next] = waiting.get(userId) ?? [];
      next?.();
    };
  }

  /** Resolves when a unit may be free, after WAIT_MS at the latest. */
  async function wait(userId: string, waiters: Set<() => void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, WAIT_MS).unref();
    waiters.add(resolve);
    waiting.set(userId, waiters);
    await promise;
    clearTimeout(timer);
    waiters.delete(resolve);
    if (waiters.size === 0) waiting.delete(userId);
  }

  return {
    take,
    takeSoon: async (userId) => {
      const waiters = waiting.get(userId) ?? new Set();
      const isFull = (byUser.get(userId) ?? 0) >= perUser || waiters.size > 0;
      if (isFull && waiters.size < WAITING_PER_USER) await wait(userId, waiters);
      return take(userId);
    },
    inUse: () => inUse,
  };
}

function tooMany(what: string, limit: number): ApiError {
  const message = `A user can have ${limit} ${what} at the same time. Wait until one of them ends.`;
  return new ApiError('RATE_LIMITED', message, { limit, retryAfterSeconds: RETRY_AFTER_SECONDS });
}

function full(what: string, limit: number): ApiError {
  const message = `The server has reached its limit of ${what}. Try again later.`;
  return new ApiError('DEPENDENCY_UNAVAILABLE', message, {
    limit,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}

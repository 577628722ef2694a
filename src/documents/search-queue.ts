/**
 * Bounds how many searches run and wait, per user and in the process. Waiting searches start in
 * turn over the users, so one user's searches delay only that user's.
 */
import { ApiError } from '../errors.js';
import { createFairQueue } from './fair-queue.js';
import { untilAborted } from './until-aborted.js';

export interface SearchLimits {
  /** Searches that run at the same time in this process. */
  maxRunning: number;
  /** Searches of one user that run at the same time. */
  maxRunningPerUser: number;
  /** Searches of one user that wait for a place; one more is rejected. */
  maxWaitingPerUser: number;
  /** Searches of all users that wait for a place; one more is rejected. */
  maxWaiting: number;
}

export interface SearchQueue {
  /**
   * Runs the work as soon as the user has a place. Rejects with RATE_LIMITED if too many searches
   * wait, and with the signal's reason once the signal aborts: work that has not begun never
   * begins, work that has begun keeps its place until it ends.
   */
  run<Result>(userId: string, signal: AbortSignal, work: () => Promise<Result>): Promise<Result>;
}

const RETRY_AFTER_SECONDS = 1;

export function createSearchQueue(limits: SearchLimits): SearchQueue {
  const waiting = createFairQueue<() => void>();
  const runningOf = new Map<string, number>();
  let running = 0;

  function mayRun(userId: string): boolean {
    return running < limits.maxRunning && (runningOf.get(userId) ?? 0) < limits.maxRunningPerUser;
  }

  function begin(userId: string): void {
    running += 1;
    runningOf.set(userId, (runningOf.get(userId) ?? 0) + 1);
  }

  function end(userId: string): void {
    running -= 1;
    const left = (runningOf.get(userId) ?? 0) - 1;
    if (left > 0) runningOf.set(userId, left);
    else runningOf.delete(userId);
    const start = waiting.next(mayRun);
    if (!start) return;
    waiting.delete(start);
    start();
  }

  async function enter(userId: string, signal: AbortSignal): Promise<void> {
    if (mayRun(userId)) {
      begin(userId);
      return;
    }
    rejectSurplus(userId);
    const { promise, resolve } = Promise.withResolvers<void>();
    const start = (): void => {
      begin(userId);
      resolve();
    };
    waiting.add({ userId }, start);
    const leave = (): void => void waiting.delete(start);
    signal.addEventListener('abort', leave, { once: true });
    await untilAborted(signal, () => promise).finally(() =>
      signal.removeEventListener('abort', leave),
    );
  }

  function rejectSurplus(userId: string): void {
    if (waiting.sizeOf(userId) >= limits.maxWaitingPerUser) {
      const limit = limits.maxRunningPerUser + limits.maxWaitingPerUser;
      throw tooMany(
        `A user can run ${limit} searches at the same time, including waiting ones.`,
        limit,
      );
    }
    if (waiting.size >= limits.maxWaiting)
      throw tooMany('Too many searches are waiting.', limits.maxWaiting);
  }

  return {
    run: async (userId, signal, work) => {
      signal.throwIfAborted();
      await enter(userId, signal);
      // Aborted since its turn came: the work does not begin.
      if (signal.aborted) end(userId);
      return untilAborted(signal, () => work().finally(() => end(userId)));
    },
  };
}

function tooMany(message: string, limit: number): ApiError {
  return new ApiError('RATE_LIMITED', `${message} Retry later.`, {
    limit,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}

/**
 * Limits how many searches run and wait, per user and in the process. Users take turns, so the
 * waiting searches of one user delay only that user's searches.
 */
import { ApiError } from '../errors.js';
import { createFairQueue } from './fair-queue.js';
import { untilAborted } from './until-aborted.js';

export interface SearchLimits {
  /** Searches that run at the same time in this process. */
  maxRunning: number;
  /** Searches of one user that run at the same time. */
  maxRunningPerUser: number;
  /** Searches of one user that wait for a slot; one more is rejected. */
  maxWaitingPerUser: number;
  /** Searches of all users that wait for a slot; one more is rejected. */
  maxWaiting: number;
}

export interface SearchQueue {
  /**
   * Runs `work` once the user has a slot. Rejects with RATE_LIMITED if too many searches wait, and
   * with the signal's reason when the signal aborts. Work that has not started then never starts;
   * work that has started keeps its slot until it ends.
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

  function occupySlot(userId: string): void {
    running += 1;
    runningOf.set(userId, (runningOf.get(userId) ?? 0) + 1);
  }

  function releaseSlot(userId: string): void {
    running -= 1;
    const remaining = (runningOf.get(userId) ?? 0) - 1;
    if (remaining > 0) runningOf.set(userId, remaining);
    else runningOf.delete(userId);
    const start = waiting.next(mayRun);
    if (!start) return;
    waiting.delete(start);
    start();
  }

  async function waitForSlot(userId: string, signal: AbortSignal): Promise<void> {
    if (mayRun(userId)) {
      occupySlot(userId);
      return;
    }
    assertMayWait(userId);
    const { promise, resolve } = Promise.withResolvers<void>();
    const start = (): void => {
      occupySlot(userId);
      resolve();
    };
    waiting.add({ userId }, start);
    const leave = (): void => void waiting.delete(start);
    signal.addEventListener('abort', leave, { once: true });
    await untilAborted(signal, () => promise).finally(() =>
      signal.removeEventListener('abort', leave),
    );
  }

  function assertMayWait(userId: string): void {
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
      await waitForSlot(userId, signal);
      // The signal aborted after the slot was assigned: untilAborted does not start the work.
      if (signal.aborted) releaseSlot(userId);
      return untilAborted(signal, () => work().finally(() => releaseSlot(userId)));
    },
  };
}

function tooMany(message: string, limit: number): ApiError {
  return new ApiError('RATE_LIMITED', `${message} Try again later.`, {
    limit,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}

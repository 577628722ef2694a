/**
 * The time that a worker process spent reading files of each user in the last ten minutes. Users
 * with more reading time come after others in the queue.
 */
const PERIOD_MINUTES = 10;
const MINUTE_MS = 60_000;
/** Bounds the memory of each minute. */
const MAX_USERS_PER_MINUTE = 10_000;
/** Reading times within one step count as equal, so that ordinary documents keep their order. */
const STEP_MS = 10_000;

export interface ReadingTime {
  add(userId: string, ms: number): void;
  /**
   * Returns whole steps of 10 s by user, without users below one step. `current` holds the
   * milliseconds of files that are being read now.
   */
  steps(current: ReadonlyMap<string, number>): Map<string, number>;
}

export function createReadingTime(now: () => number = () => performance.now()): ReadingTime {
  const minutes = new Map<number, Map<string, number>>();
  const currentMinute = () => Math.floor(now() / MINUTE_MS);

  function removeExpired(): void {
    for (const minute of minutes.keys())
      if (minute <= currentMinute() - PERIOD_MINUTES) minutes.delete(minute);
  }

  return {
    add: (userId, ms) => {
      removeExpired();
      const users = minutes.get(currentMinute()) ?? new Map<string, number>();
      minutes.set(currentMinute(), users);
      if (users.has(userId) || users.size < MAX_USERS_PER_MINUTE) increase(users, userId, ms);
    },
    steps: (current) => {
      removeExpired();
      const totals = new Map(current);
      for (const users of minutes.values())
        for (const [userId, ms] of users) increase(totals, userId, ms);
      const steps = [...totals].map(([userId, ms]) => [userId, Math.floor(ms / STEP_MS)] as const);
      return new Map(steps.filter(([, count]) => count > 0));
    },
  };
}

function increase(totals: Map<string, number>, userId: string, ms: number): void {
  totals.set(userId, (totals.get(userId) ?? 0) + ms);
}

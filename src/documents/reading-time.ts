/**
 * How long a worker process has read for each user in the last ten minutes. Whoever has read for
 * long stands behind others.
 */
const WINDOW_MINUTES = 10;
const MINUTE_MS = 60_000;
/** Users who are remembered for each minute, at most. */
const MAX_USERS_PER_MINUTE = 10_000;
/** Reading times within one step count as equal, so that ordinary documents keep their order. */
const STEP_MS = 10_000;

export interface ReadingTime {
  add(userId: string, ms: number): void;
  /**
   * Whole steps of 10 s; users of whom less than one was read are left out. `current`: what is
   * being read now, in milliseconds.
   */
  steps(current: ReadonlyMap<string, number>): Map<string, number>;
}

export function createReadingTime(now: () => number = () => performance.now()): ReadingTime {
  const minutes = new Map<number, Map<string, number>>();
  const currentMinute = () => Math.floor(now() / MINUTE_MS);

  function forget(): void {
    for (const minute of minutes.keys())
      if (minute <= currentMinute() - WINDOW_MINUTES) minutes.delete(minute);
  }

  return {
    add(userId, ms) {
      forget();
      const users = minutes.get(currentMinute()) ?? new Map<string, number>();
      minutes.set(currentMinute(), users);
      if (users.has(userId) || users.size < MAX_USERS_PER_MINUTE) increase(users, userId, ms);
    },
    steps(current) {
      forget();
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

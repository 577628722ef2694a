/** A clock that stands still until a test advances it. */
import type { Clock } from '../../src/runtime/clock.js';

export interface ManualClock extends Clock {
  /** Moves the time on, and calls the timers that are due, in the order of their time. */
  advance(ms: number): void;
  /** Number of timers that wait. */
  timers(): number;
}

interface Timer {
  dueAt: number;
  /** Undefined for a timer that fires once. */
  everyMs?: number;
  callback: () => void;
}

export function createManualClock(): ManualClock {
  const timers = new Set<Timer>();
  let time = 0;

  function add(timer: Timer): () => void {
    timers.add(timer);
    return () => void timers.delete(timer);
  }

  function fireNext(until: number): boolean {
    const [next] = [...timers]
      .filter(({ dueAt }) => dueAt <= until)
      .sort((a, b) => a.dueAt - b.dueAt);
    if (!next) return false;
    time = next.dueAt;
    if (next.everyMs === undefined) timers.delete(next);
    else next.dueAt += next.everyMs;
    next.callback();
    return true;
  }

  return {
    now: () => time,
    after: (ms, callback) => add({ dueAt: time + ms, callback }),
    every: (ms, callback) => add({ dueAt: time + ms, everyMs: ms, callback }),
    advance: (ms) => {
      const until = time + ms;
      while (fireNext(until));
      time = until;
    },
    timers: () => timers.size,
  };
}

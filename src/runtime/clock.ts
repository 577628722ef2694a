/**
 * The time and the timers of a component. Tests pass a clock of their own and need not wait. All
 * times are in milliseconds.
 */
export interface Clock {
  /** Returns the current time. It never goes back, and has no fixed start. */
  now(): number;
  /** Calls `callback` once after `ms`. Returns the function that cancels the call. */
  after(ms: number, callback: () => void): () => void;
  /** Calls `callback` every `ms`. Returns the function that ends the calls. */
  every(ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  every: (ms, callback) => {
    const timer = setInterval(callback, ms);
    return () => clearInterval(timer);
  },
};

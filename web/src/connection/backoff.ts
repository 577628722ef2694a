export interface BackoffOptions {
  baseMs?: number;
  maxMs?: number;
  random?: () => number;
}

/**
 * Returns the delay before an attempt (from 0) in milliseconds. The delay doubles up to `maxMs`. A
 * random half of it is taken off, so that pages which lost the same server do not reconnect at the
 * same time.
 */
export function backoffMs(
  attempt: number,
  { baseMs = 500, maxMs = 20_000, random = Math.random }: BackoffOptions = {},
): number {
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}

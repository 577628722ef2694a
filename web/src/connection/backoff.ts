export interface BackoffOptions {
  baseMs?: number;
  maxMs?: number;
  random?: () => number;
}

/**
 * Milliseconds before try `attempt` (from 0): doubling up to a ceiling, and of that a random half
 * to the whole, so that many pages that lost the same server do not come back to it in step.
 */
export function backoffMs(
  attempt: number,
  { baseMs = 500, maxMs = 20_000, random = Math.random }: BackoffOptions = {},
): number {
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}

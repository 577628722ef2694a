import { setTimeout as sleep } from 'node:timers/promises';
import { isNotThereYet } from './errors.js';

/**
 * A brand-new Kafka creates its topic of offsets in 1 to 5 s; a topic of ours is known within 1 s.
 */
const KNOWN_WITHIN_MS = 20_000;
const ATTEMPT_EVERY_MS = 100;

/**
 * Repeats `attempt` while Kafka does not know a topic or has no leader or coordinator for it yet,
 * which is what the first start on a new Kafka looks like. Rejects with the last error after 20 s,
 * with any other error at once.
 */
export async function untilKnown<Result>(
  attempt: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const deadline = performance.now() + KNOWN_WITHIN_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isNotThereYet(error) || performance.now() > deadline) throw error;
    }
    await sleep(ATTEMPT_EVERY_MS, undefined, signal && { signal });
  }
}

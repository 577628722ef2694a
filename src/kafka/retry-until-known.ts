import { setTimeout as sleep } from 'node:timers/promises';
import { isNotYetAvailable } from './errors.js';

/**
 * A new Kafka creates its topic of offsets in 1 to 5 s. Brokers know a new topic of the product
 * within 1 s.
 */
const KNOWN_WITHIN_MS = 20_000;
const ATTEMPT_EVERY_MS = 100;

/**
 * Repeats `attempt` while Kafka does not know a topic, or has no leader or coordinator for it yet,
 * as at the first start on a new Kafka. Rejects with the last error after 20 s, and with any other
 * error at once.
 */
export async function retryUntilKnown<Result>(
  attempt: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const deadline = performance.now() + KNOWN_WITHIN_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isNotYetAvailable(error) || performance.now() > deadline) throw error;
    }
    await sleep(ATTEMPT_EVERY_MS, undefined, signal && { signal });
  }
}

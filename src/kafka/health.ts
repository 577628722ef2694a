import { ApiError } from '../errors.js';
import type { KafkaAdmin } from './admin.js';

/** Resolves when the cluster answers and has brokers. */
export async function checkKafka(admin: KafkaAdmin): Promise<void> {
  const { brokers } = await admin.ask('asking for the brokers', (open) => open.describeCluster());
  if (brokers.length === 0)
    throw new ApiError(
      'DEPENDENCY_UNAVAILABLE',
      'Kafka answers but has no broker. Try again later.',
    );
}

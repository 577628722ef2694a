import { ApiError } from '../errors.js';
import type { KafkaAdmin } from './admin.js';

/** Resolves if the cluster responds and has brokers. Throws DEPENDENCY_UNAVAILABLE. */
export async function checkKafka(admin: KafkaAdmin): Promise<void> {
  const { brokers } = await admin.request('listing the brokers', (client) =>
    client.describeCluster(),
  );
  if (brokers.length === 0)
    throw new ApiError(
      'DEPENDENCY_UNAVAILABLE',
      'Kafka responds but has no broker. Try again later.',
    );
}

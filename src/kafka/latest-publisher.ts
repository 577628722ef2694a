import type { Kafka } from 'kafkajs';
import type { LatestPublisher } from '../documents/ports.js';
import { ApiError } from '../errors.js';
import type { Logger } from '../runtime/logger.js';
import { isNotYetAvailable } from './errors.js';
import { openLatestProducer, type LatestProducer } from './latest-producer.js';

export interface KafkaLatestPublisher extends LatestPublisher {
  stop(): Promise<void>;
}

export function createLatestPublisher({
  kafka,
  logger,
}: {
  kafka: Kafka;
  logger: Logger;
}): KafkaLatestPublisher {
  const producers = new Map<number, LatestProducer>();
  /** Shards whose producer could not be opened. The log warns of each once. */
  const failing = new Set<number>();

  async function open(shard: number): Promise<void> {
    if (producers.get(shard)?.isOpen()) return;
    try {
      producers.set(shard, await openLatestProducer({ kafka, shard, logger }));
      failing.delete(shard);
    } catch (error) {
      const level = isNotYetAvailable(error) ? 'info' : 'warn';
      logger[failing.has(shard) ? 'debug' : level](
        { err: error, shard },
        'failed to open the producer of a shard; it is retried',
      );
      failing.add(shard);
    }
  }

  async function close(shards: readonly number[]): Promise<void> {
    const closing = shards.map((shard) => producers.get(shard)?.stop() ?? Promise.resolve());
    for (const shard of shards) producers.delete(shard);
    await Promise.all(closing);
  }

  return {
    assign: async (shards) => {
      await close([...producers.keys()].filter((shard) => !shards.includes(shard)));
      await Promise.all(shards.map(open));
    },
    publish: async (shard, records) => {
      const producer = producers.get(shard);
      if (producer?.isOpen()) return producer.publish(records);
      await open(shard);
      throw new ApiError(
        'DEPENDENCY_UNAVAILABLE',
        `The producer of shard ${shard} was not open; read the records again and publish those.`,
      );
    },
    stop: () => close([...producers.keys()]),
  };
}

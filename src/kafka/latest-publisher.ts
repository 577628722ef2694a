import type { Kafka } from 'kafkajs';
import type { LatestPublisher } from '../documents/ports.js';
import { ApiError } from '../errors.js';
import type { Logger } from '../runtime/logger.js';
import { isNotYetAvailable } from './errors.js';
import { openLatestProducer, type LatestProducer } from './latest-producer.js';

export interface KafkaLatestPublisher extends LatestPublisher {
  /**
   * Opens the producers of these shards unless they are open, and closes all others. Call it before
   * reading the records to publish: records that were read before a producer was opened may be
   * older than those that another process has published meanwhile.
   */
  open(shards: readonly number[]): Promise<void>;
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

  async function open(shard: number): Promise<void> {
    if (producers.get(shard)?.isOpen()) return;
    try {
      producers.set(shard, await openLatestProducer({ kafka, shard, logger }));
    } catch (error) {
      const level = isNotYetAvailable(error) ? 'info' : 'warn';
      logger[level]({ err: error, shard }, 'failed to open the producer of a shard; it is retried');
    }
  }

  async function close(shards: readonly number[]): Promise<void> {
    const closing = shards.map((shard) => producers.get(shard)?.stop() ?? Promise.resolve());
    for (const shard of shards) producers.delete(shard);
    await Promise.all(closing);
  }

  return {
    open: async (shards) => {
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

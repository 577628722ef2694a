import type { Kafka } from 'kafkajs';
import type { LatestPublisher } from '../documents/ports.js';
import { ApiError } from '../errors.js';
import { isNotThereYet } from './errors.js';
import { openLatestProducer, type LatestProducer } from './latest-producer.js';
import type { Logger } from '../runtime/logger.js';

export interface KafkaLatestPublisher extends LatestPublisher {
  /**
   * Opens the lanes of these shards where they are not open, and shuts the others. To be called
   * before what is to be published is read: what was read before a lane was opened may be older
   * than what another process has published meanwhile.
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
  const lanes = new Map<number, LatestProducer>();

  async function openOne(shard: number): Promise<void> {
    if (lanes.get(shard)?.isOpen()) return;
    try {
      lanes.set(shard, await openLatestProducer({ kafka, shard, logger }));
    } catch (error) {
      const level = isNotThereYet(error) ? 'info' : 'warn';
      logger[level](
        { err: error, shard },
        'the lane of a shard could not be opened; it is tried again',
      );
    }
  }

  async function shut(shards: readonly number[]): Promise<void> {
    const shutting = shards.map((shard) => lanes.get(shard)?.stop() ?? Promise.resolve());
    for (const shard of shards) lanes.delete(shard);
    await Promise.all(shutting);
  }

  return {
    open: async (shards) => {
      await shut([...lanes.keys()].filter((shard) => !shards.includes(shard)));
      await Promise.all(shards.map(openOne));
    },
    publish: async (shard, records) => {
      const lane = lanes.get(shard);
      if (lane?.isOpen()) return lane.publish(records);
      await openOne(shard);
      throw new ApiError(
        'DEPENDENCY_UNAVAILABLE',
        `The lane of shard ${shard} was not open: read again and publish that.`,
      );
    },
    stop: () => shut([...lanes.keys()]),
  };
}

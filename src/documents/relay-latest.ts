import type { Logger } from '../runtime/logger.js';
import type { LatestPublisher, LatestQueue, LatestRow } from './ports.js';

const BATCH = 2_000;

interface Dependencies {
  queue: LatestQueue;
  latestPublisher: LatestPublisher;
  /** Returns the shards that this process owns. */
  shards: () => readonly number[];
  logger: Pick<Logger, 'warn'>;
}

/**
 * Returns a background job that publishes the latest state of every changed document to the
 * compacted topic, one shard at a time. Unlike the event publisher, which may repeat an event, this
 * one must never publish an older state after a newer one; the publisher's fence guarantees that. A
 * failing shard does not block the others. The job returns true if there may be more work.
 */
export function createRelayLatest({
  queue,
  latestPublisher,
  shards,
  logger,
}: Dependencies): () => Promise<boolean> {
  async function publishShard(shard: number, rows: readonly LatestRow[]): Promise<boolean> {
    try {
      await latestPublisher.publish(
        shard,
        rows.map((row) => row.record),
      );
      await queue.remove(rows);
      return true;
    } catch (error) {
      logger.warn({ err: error, shard }, 'failed to publish the latest states; retrying later');
      return false;
    }
  }

  return async () => {
    await latestPublisher.assign(shards());
    const rows = await queue.read(BATCH);
    let allPublished = true;
    for (const [shard, shardRows] of Map.groupBy(rows, (row) => row.shard))
      allPublished = (await publishShard(shard, shardRows)) && allPublished;
    return allPublished && rows.length === BATCH;
  };
}

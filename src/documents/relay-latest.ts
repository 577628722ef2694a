import type { LatestPublisher, LatestQueue, LatestRow } from './ports.js';

const BATCH = 2_000;

interface Dependencies {
  queue: LatestQueue;
  latestPublisher: LatestPublisher;
  /** Returns the shards that this process owns. */
  shards: () => readonly number[];
  logger: { warn(fields: object, message: string): void };
}

/**
 * Tells the compacted topic the newest state of every document that has changed, a shard at a time.
 * The fast lane may repeat itself; this one must never go back, and the publisher's fence sees to
 * that. A shard that fails holds up no other. Answers whether there may be more.
 */
export function createRelayLatest({
  queue,
  latestPublisher,
  shards: ownedShards,
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
      logger.warn(
        { err: error, shard },
        'the newest states of a shard could not be published; they are tried again',
      );
      return false;
    }
  }

  return async () => {
    await latestPublisher.assign(ownedShards());
    const rows = await queue.read(BATCH);
    const shards = Map.groupBy(rows, (row) => row.shard);
    let allPublished = true;
    for (const [shard, own] of shards)
      allPublished = (await publishShard(shard, own)) && allPublished;
    return allPublished && rows.length === BATCH;
  };
}

import type { KafkaAdmin } from './admin.js';

/** Returns how many messages of a topic a consumer group has not committed, over all partitions. */
export async function readLag(
  admin: KafkaAdmin,
  { groupId, topic }: { groupId: string; topic: string },
): Promise<number> {
  return admin.request('reading the lag', async (client) => {
    const [ends, committed] = await Promise.all([
      client.fetchTopicOffsets(topic),
      client.fetchOffsets({ groupId, topics: [topic] }),
    ]);
    const offsets = new Map(
      committed.flatMap(({ partitions }) =>
        partitions.map(({ partition, offset }) => [partition, BigInt(offset)]),
      ),
    );
    return ends.reduce(
      (lag, { partition, low, high }) =>
        lag + countUncommitted(offsets.get(partition), BigInt(low), BigInt(high)),
      0,
    );
  });
}

/**
 * A group that has never committed starts at the beginning. So does a group whose offset was
 * deleted, or belongs to an earlier topic of the same name.
 */
function countUncommitted(committed: bigint | undefined, low: bigint, high: bigint): number {
  const from = committed === undefined || committed < low || committed > high ? low : committed;
  return Number(high - from);
}

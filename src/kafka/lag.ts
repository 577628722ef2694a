import type { KafkaAdmin } from './admin.js';

/** Messages of a topic that a consumer group has not committed yet, over all partitions. */
export async function readLag(
  admin: KafkaAdmin,
  { groupId, topic }: { groupId: string; topic: string },
): Promise<number> {
  return admin.ask('reading the lag', async (open) => {
    const [ends, committed] = await Promise.all([
      open.fetchTopicOffsets(topic),
      open.fetchOffsets({ groupId, topics: [topic] }),
    ]);
    const offsets = new Map(
      committed.flatMap(({ partitions }) =>
        partitions.map(({ partition, offset }) => [partition, BigInt(offset)]),
      ),
    );
    return ends.reduce(
      (lag, { partition, low, high }) =>
        lag + behind(offsets.get(partition), BigInt(low), BigInt(high)),
      0,
    );
  });
}

/**
 * A group that never committed starts at the beginning, and so does one whose place was deleted or
 * belongs to a topic that is gone.
 */
function behind(committed: bigint | undefined, low: bigint, high: bigint): number {
  const from = committed === undefined || committed < low || committed > high ? low : committed;
  return Number(high - from);
}

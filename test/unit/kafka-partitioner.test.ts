import kafkajs from 'kafkajs';
import { randomBytes, randomUUID } from 'node:crypto';
import { createPartitioner } from '../../src/kafka/partitioner.js';

const partitionMetadata = Array.from({ length: 12 }, (_, partitionId) => ({
  partitionId,
  leader: 1,
  partitionErrorCode: 0,
  replicas: [1],
  isr: [1],
  offlineReplicas: [],
}));
function partitionOf(
  partitioner: ReturnType<typeof createPartitioner>,
  key: Buffer | string | null,
) {
  return partitioner({ topic: 'a-topic', partitionMetadata, message: { key, value: 'value' } });
}

describe('the partitioner', () => {
  const ours = createPartitioner();
  const theirs = kafkajs.Partitioners.DefaultPartitioner();

  it('returns the same partition as kafkajs for keys of any kind and length', () => {
    const uuids = Array.from({ length: 500 }, () => randomUUID());
    const bytes = Array.from({ length: 500 }, (_, length) => randomBytes(length % 67));
    const keys = [...uuids, ...bytes, 'schlüssel', '\u{1f511}', 'a', 'ab', 'abc'];
    expect(keys.map((key) => partitionOf(ours, key))).toEqual(
      keys.map((key) => partitionOf(theirs, key)),
    );
  });

  it('uses all partitions', () => {
    expect(new Set(Array.from({ length: 500 }, () => partitionOf(ours, randomUUID()))).size).toBe(
      12,
    );
  });

  it('returns a partition for a record without a key', () => {
    expect(partitionOf(ours, null)).toBeGreaterThanOrEqual(0);
  });
});

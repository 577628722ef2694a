import type { Kafka, ProducerConfig } from 'kafkajs';
import { createLatestPublisher } from '../../src/kafka/latest-publisher.js';
import { makeLogger } from '../support/make-logger.js';

/** A Kafka in memory that records which producers are open, by their transactional ids. */
function createFakeKafka() {
  const open: string[] = [];
  const state = { open, opened: 0, isAvailable: true };
  const producer = ({ transactionalId = '' }: ProducerConfig) => ({
    connect: async () => {
      if (!state.isAvailable) throw new Error('connection refused');
      state.opened += 1;
      open.push(transactionalId);
    },
    transaction: async () => ({ abort: async () => undefined, commit: async () => undefined }),
    disconnect: async () => {
      const index = open.indexOf(transactionalId);
      if (index !== -1) open.splice(index, 1);
    },
  });
  return { state, kafka: { producer } as unknown as Kafka };
}

const idOf = (shard: number) => `docstream-latest-${shard}`;

describe('assign', () => {
  it('opens the producers of new shards, and closes those of shards that were taken away', async () => {
    const { state, kafka } = createFakeKafka();
    const publisher = createLatestPublisher({ kafka, logger: makeLogger() });
    await publisher.assign([1, 2]);
    expect(state.open).toEqual([idOf(1), idOf(2)]);
    await publisher.assign([2, 3]);
    expect(state.open).toEqual([idOf(2), idOf(3)]);
    expect(state.opened).toBe(3);
    await publisher.assign([]);
    expect(state.open).toEqual([]);
  });

  it('lets only assigned shards publish', async () => {
    const { kafka } = createFakeKafka();
    const publisher = createLatestPublisher({ kafka, logger: makeLogger() });
    await publisher.assign([1]);
    await publisher.publish(1, []);
    await publisher.assign([]);
    await expect(publisher.publish(1, [])).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
    });
  });

  it('warns once of a shard whose producer cannot be opened, and opens it later', async () => {
    const { state, kafka } = createFakeKafka();
    const logger = makeLogger();
    const publisher = createLatestPublisher({ kafka, logger });
    state.isAvailable = false;
    await publisher.assign([1]);
    await publisher.assign([1]);
    expect(logger.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    state.isAvailable = true;
    await publisher.assign([1]);
    expect(state.open).toEqual([idOf(1)]);
  });
});

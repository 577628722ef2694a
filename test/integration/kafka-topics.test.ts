import { randomUUID } from 'node:crypto';
import { ConfigResourceTypes } from 'kafkajs';
import { createKafkaAdmin } from '../../src/kafka/admin.js';
import { createKafkaEventLog } from '../../src/kafka/event-log.js';
import { checkKafka } from '../../src/kafka/health.js';
import { readLag } from '../../src/kafka/lag.js';
import { ensureTopics } from '../../src/kafka/topics.js';
import { TOPIC_CONFIGS } from '../../src/messages/topics.js';
import { describeWithKafka, makeTopic, openKafka, withAdmin } from '../support/kafka.js';

function withPrefix(prefix: string) {
  return Object.fromEntries(
    Object.entries(TOPIC_CONFIGS).map(([name, configs]) => [prefix + name, configs]),
  );
}

describeWithKafka('ensureTopics', () => {
  const { kafka, logger } = openKafka();
  const admin = createKafkaAdmin({ kafka, logger });
  let topics: ReturnType<typeof withPrefix>;

  beforeEach(() => {
    topics = withPrefix(`${randomUUID()}.`);
  });
  afterAll(() => admin.stop());

  const partitionsOf = () =>
    withAdmin(kafka, async (client) => {
      const { topics: found } = await client.fetchTopicMetadata({ topics: Object.keys(topics) });
      return found.map(({ partitions }) => partitions.length);
    });

  it('creates the topics of the contract, with 12 partitions by default', async () => {
    await ensureTopics(admin, { topics });
    expect(await partitionsOf()).toEqual([12, 12, 12, 12]);
    const configs = await withAdmin(kafka, (client) =>
      client.describeConfigs({
        includeSynonyms: false,
        resources: Object.keys(topics).map((name) => ({ type: ConfigResourceTypes.TOPIC, name })),
      }),
    );
    const found = configs.resources.map(({ resourceName, configEntries }) => [
      resourceName,
      Object.fromEntries(
        configEntries
          .filter(({ configName }) => configName in (topics[resourceName] ?? {}))
          .map((entry) => [entry.configName, entry.configValue]),
      ),
    ]);
    expect(Object.fromEntries(found)).toEqual(topics);
  });

  it('creates each topic once when many processes start at the same time', async () => {
    const others = [1, 2, 3].map(() => createKafkaAdmin({ kafka, logger }));
    await Promise.all(others.map((other) => ensureTopics(other, { topics, partitions: 3 })));
    expect(await partitionsOf()).toEqual([3, 3, 3, 3]);
    await Promise.all(others.map((other) => other.stop()));
  });

  it('leaves existing topics as they are', async () => {
    await ensureTopics(admin, { topics, partitions: 2 });
    await ensureTopics(admin, { topics, partitions: 2 });
    expect(await partitionsOf()).toEqual([2, 2, 2, 2]);
  });

  it('alters no topic, and reports all differences at once', async () => {
    const [first = '', ...others] = Object.keys(topics);
    await ensureTopics(admin, {
      topics: { [first]: { 'cleanup.policy': 'delete', 'retention.ms': '1000' } },
      partitions: 2,
    });
    const error = await ensureTopics(admin, { topics, partitions: 5 }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      name: 'SetupError',
      differences: [
        `${first} has 2 partitions, not 5 (the number cannot be changed)`,
        `${first} has retention.ms=1000, not 604800000`,
      ],
    });
    expect((await partitionsOf()).toSorted()).toEqual([2, ...others.map(() => 5)]);
  });

  it('throws DEPENDENCY_UNAVAILABLE if a broker refuses to create a topic', async () => {
    const refused = ensureTopics(admin, { topics, replicationFactor: 99 });
    await expect(refused).rejects.toMatchObject({
      name: 'ApiError',
      code: 'DEPENDENCY_UNAVAILABLE',
    });
  });
});

describeWithKafka('requests about the cluster', () => {
  const { kafka, logger } = openKafka();
  const admin = createKafkaAdmin({ kafka, logger });
  afterAll(() => admin.stop());

  it('resolve if the cluster responds', async () => {
    await expect(checkKafka(admin)).resolves.toBeUndefined();
  });

  it('throw DEPENDENCY_UNAVAILABLE if no broker responds', async () => {
    const unreachable = createKafkaAdmin(openKafka({ brokers: ['127.0.0.1:1'] }));
    await expect(checkKafka(unreachable)).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
    await expect(checkKafka(unreachable)).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
    await unreachable.stop();
  });

  it('count the messages that a group has not committed, all of them before its first commit', async () => {
    const topic = await makeTopic(kafka);
    const eventLog = createKafkaEventLog({ kafka, logger });
    await eventLog.publish(
      Array.from({ length: 20 }, (_, index) => ({
        topic,
        key: String(index),
        headers: {},
        value: '',
      })),
    );
    const groupId = randomUUID();
    expect(await readLag(admin, { groupId, topic })).toBe(20);
    const ends = await withAdmin(kafka, (client) => client.fetchTopicOffsets(topic));
    const partitions = ends.map(({ partition, high }) => ({
      partition,
      offset: String(Math.max(0, Number(high) - 1)),
    }));
    await withAdmin(kafka, (client) => client.setOffsets({ groupId, topic, partitions }));
    expect(await readLag(admin, { groupId, topic })).toBe(
      ends.filter(({ high }) => high !== '0').length,
    );
    await eventLog.stop();
  });
});

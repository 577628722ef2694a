import { randomUUID } from 'node:crypto';
import { ConfigResourceTypes } from 'kafkajs';
import { createKafkaAdmin } from '../../src/kafka/admin.js';
import { createKafkaEventLog } from '../../src/kafka/event-log.js';
import { checkKafka } from '../../src/kafka/health.js';
import { readLag } from '../../src/kafka/lag.js';
import { ensureTopics } from '../../src/kafka/topics.js';
import { TOPIC_CONFIGS } from '../../src/messages/topics.js';
import { describeWithKafka, makeTopic, openKafka, withAdmin } from '../support/kafka.js';

const withPrefix = (prefix: string) =>
  Object.fromEntries(
    Object.entries(TOPIC_CONFIGS).map(([name, configs]) => [prefix + name, configs]),
  );

describeWithKafka('the topics', () => {
  const { kafka, logger } = openKafka();
  const admin = createKafkaAdmin({ kafka, logger });
  let topics: ReturnType<typeof withPrefix>;

  beforeEach(() => {
    topics = withPrefix(`${randomUUID()}.`);
  });
  afterAll(() => admin.stop());

  const partitionsOf = () =>
    withAdmin(kafka, async (open) => {
      const { topics: found } = await open.fetchTopicMetadata({ topics: Object.keys(topics) });
      return found.map(({ partitions }) => partitions.length);
    });

  it('are created as the contract says, with 12 partitions by default', async () => {
    await ensureTopics(admin, { topics });
    expect(await partitionsOf()).toEqual([12, 12, 12, 12]);
    const configs = await withAdmin(kafka, (open) =>
      open.describeConfigs({
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

  it('are created once when many processes start at the same time', async () => {
    const others = [1, 2, 3].map(() => createKafkaAdmin({ kafka, logger }));
    await Promise.all(others.map((other) => ensureTopics(other, { topics, partitions: 3 })));
    expect(await partitionsOf()).toEqual([3, 3, 3, 3]);
    await Promise.all(others.map((other) => other.stop()));
  });

  it('are left as they are when they exist', async () => {
    await ensureTopics(admin, { topics, partitions: 2 });
    await ensureTopics(admin, { topics, partitions: 2 });
    expect(await partitionsOf()).toEqual([2, 2, 2, 2]);
  });

  it('are never altered: what differs is said, all at once', async () => {
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
        `${first} has 2 partitions, not 5 (their number never changes)`,
        `${first} has retention.ms=1000, not 604800000`,
      ],
    });
    expect((await partitionsOf()).toSorted()).toEqual([2, ...others.map(() => 5)]);
  });

  it('that a broker refuses to create are an error of ours', async () => {
    const refused = ensureTopics(admin, { topics, replicationFactor: 99 });
    await expect(refused).rejects.toMatchObject({
      name: 'ApiError',
      code: 'DEPENDENCY_UNAVAILABLE',
    });
  });
});

describeWithKafka('questions about the cluster', () => {
  const { kafka, logger } = openKafka();
  const admin = createKafkaAdmin({ kafka, logger });
  afterAll(() => admin.stop());

  it('say that it is well', async () => {
    await expect(checkKafka(admin)).resolves.toBeUndefined();
  });

  it('say that it is away', async () => {
    const nobody = createKafkaAdmin(openKafka({ brokers: ['127.0.0.1:1'] }));
    await expect(checkKafka(nobody)).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
    await expect(checkKafka(nobody)).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
    await nobody.stop();
  });

  it('count what a group has not committed, all of it before it has committed anything', async () => {
    const topic = await makeTopic(kafka);
    const events = createKafkaEventLog({ kafka, logger });
    await events.publish(
      Array.from({ length: 20 }, (_, index) => ({
        topic,
        key: String(index),
        headers: {},
        value: '',
      })),
    );
    const groupId = randomUUID();
    expect(await readLag(admin, { groupId, topic })).toBe(20);
    const ends = await withAdmin(kafka, (open) => open.fetchTopicOffsets(topic));
    const partitions = ends.map(({ partition, high }) => ({
      partition,
      offset: String(Math.max(0, Number(high) - 1)),
    }));
    await withAdmin(kafka, (open) => open.setOffsets({ groupId, topic, partitions }));
    expect(await readLag(admin, { groupId, topic })).toBe(
      ends.filter(({ high }) => high !== '0').length,
    );
    await events.stop();
  });
});

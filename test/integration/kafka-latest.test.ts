import type { Kafka } from 'kafkajs';
import type { LogRecord } from '../../src/documents/ports.js';
import { createKafkaEventLog } from '../../src/kafka/event-log.js';
import { openLatestProducer, type LatestProducer } from '../../src/kafka/latest-producer.js';
import { createLatestPublisher } from '../../src/kafka/latest-publisher.js';
import { toTopicMessages } from '../../src/kafka/sender.js';
import { describeWithKafka, makeTopic, openKafka, readTopic } from '../support/kafka.js';

/** One that no other test uses. */
let lastShard = Math.floor(Math.random() * 1e9);
const anyShard = () => (lastShard += 1);

describeWithKafka('the fenced lane of the newest states', () => {
  const { kafka, logger } = openKafka();
  const lanes: LatestProducer[] = [];
  let topic: string;
  let shard: number;

  beforeEach(async () => {
    topic = await makeTopic(kafka, { configs: { 'cleanup.policy': 'compact' } });
    shard = anyShard();
  });
  afterEach(() => Promise.all(lanes.splice(0).map((lane) => lane.stop())));

  async function open(of = shard): Promise<LatestProducer> {
    const lane = await openLatestProducer({ kafka, shard: of, logger });
    lanes.push(lane);
    return lane;
  }
  const make = (value: string | null, key = 'k'): LogRecord => ({ topic, key, headers: {}, value });
  const values = async () => (await readTopic(topic)).map((record) => record.value);

  it('is needed: without a fence, whoever wakes from a sleep puts an old state behind a newer one', async () => {
    const [sleeper, other] = [
      createKafkaEventLog({ kafka, logger }),
      createKafkaEventLog({ kafka, logger }),
    ];
    await other.publish([make('seq 6')]);
    await sleeper.publish([make('seq 5')]);
    expect(await values()).toEqual(['seq 6', 'seq 5']);
    await Promise.all([sleeper.stop(), other.stop()]);
  });

  it('refuses whoever wakes from a sleep after another has opened the lane', async () => {
    const sleeper = await open();
    await sleeper.publish([make('seq 4')]);
    const other = await open();
    await other.publish([make('seq 6')]);
    await expect(sleeper.publish([make('seq 5')])).rejects.toMatchObject({ name: 'FencedError' });
    expect(await values()).toEqual(['seq 4', 'seq 6']);
    expect([sleeper.isOpen(), other.isOpen()]).toEqual([false, true]);
  });

  it('refuses it before the other has published anything', async () => {
    const sleeper = await open();
    await open();
    await expect(sleeper.publish([make('seq 5')])).rejects.toMatchObject({ name: 'FencedError' });
    expect(await values()).toEqual([]);
  });

  it('undoes what a sleeper had sent and not committed when the lane was opened anew', async () => {
    const sleeper = kafka.producer({
      transactionalId: `docstream-latest-${shard}`,
      maxInFlightRequests: 1,
    });
    await sleeper.connect();
    const transaction = await sleeper.transaction();
    await transaction.sendBatch({ topicMessages: toTopicMessages([make('seq 5')]) });
    const other = await open();
    await other.publish([make('seq 6')]);
    await expect(transaction.commit()).rejects.toThrow();
    expect(await values()).toEqual(['seq 6']);
    await sleeper.disconnect();
  });

  it('shuts nobody out of another shard', async () => {
    const mine = await open();
    await open(anyShard());
    await mine.publish([make('mine')]);
    expect(await values()).toEqual(['mine']);
  });

  it('publishes all or nothing', async () => {
    const lane = await open();
    const small = await makeTopic(kafka, { configs: { 'max.message.bytes': '1000' } });
    const stored = make('a'.repeat(600_000));
    await expect(
      lane.publish([stored, { ...make('b'.repeat(400_000)), topic: small }]),
    ).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
    });
    expect(await values()).toEqual([]);
    expect(lane.isOpen()).toBe(false);
  });

  it('publishes tombstones, and more than one send may hold', async () => {
    const lane = await open();
    const many = Array.from({ length: 30 }, (_, index) =>
      make(String(index).padEnd(100_000, '.'), `key-${index}`),
    );
    await lane.publish([...many, make(null)]);
    const held = await readTopic(topic);
    expect(held).toHaveLength(31);
    expect(held.filter((record) => record.value === null).map((record) => record.key)).toEqual([
      'k',
    ]);
  });

  it('leaves out, and says so, what Kafka would never take', async () => {
    const lane = await open();
    await lane.publish([make('x'.repeat(2_000_000), 'large'), make('a')]);
    expect(await values()).toEqual(['a']);
    expect(logger.lines).toContainEqual(
      expect.objectContaining({ level: 'error', fields: { topic, documentId: 'large' } }),
    );
  });
});

describeWithKafka('the publisher of the newest states', () => {
  const { kafka, logger } = openKafka();
  const publishers: { stop: () => Promise<void> }[] = [];
  let topic: string;

  beforeEach(async () => {
    topic = await makeTopic(kafka);
  });
  afterEach(() => Promise.all(publishers.splice(0).map((publisher) => publisher.stop())));

  const make = (value: string): LogRecord => ({ topic, key: 'k', headers: {}, value });
  function create(of: Kafka = kafka) {
    const publisher = createLatestPublisher({ kafka: of, logger });
    publishers.push(publisher);
    return publisher;
  }

  it('publishes into lanes that were opened before', async () => {
    const shards = [anyShard(), anyShard()];
    const publisher = create();
    await publisher.open(shards);
    for (const shard of shards) await publisher.publish(shard, [make(String(shard))]);
    expect((await readTopic(topic)).map((record) => record.value)).toEqual(shards.map(String));
  });

  it('refuses what was read before its lane was open, and has it open for what is read next', async () => {
    const shard = anyShard();
    const publisher = create();
    await expect(publisher.publish(shard, [make('read too early')])).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
    });
    await publisher.publish(shard, [make('read after')]);
    expect((await readTopic(topic)).map((record) => record.value)).toEqual(['read after']);
  });

  it('opens the lane anew after it was shut out, when the shard is still its own', async () => {
    const shard = anyShard();
    const [mine, other] = [create(), create()];
    await mine.open([shard]);
    await other.open([shard]);
    await expect(mine.publish(shard, [make('old')])).rejects.toMatchObject({ name: 'FencedError' });
    await mine.open([shard]);
    await mine.publish(shard, [make('new')]);
    expect((await readTopic(topic)).map((record) => record.value)).toEqual(['new']);
  });

  it('says that a lane cannot be opened, opens the others, and does not throw', async () => {
    const publisher = create(openKafka({ brokers: ['127.0.0.1:1'] }).kafka);
    await publisher.open([anyShard()]);
    expect(logger.lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: expect.stringContaining('could not be opened') as string,
      }),
    );
  });
});

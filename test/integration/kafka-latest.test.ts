import type { Kafka, ProducerConfig } from 'kafkajs';
import type { LogRecord } from '../../src/documents/ports.js';
import { createKafkaEventLog } from '../../src/kafka/event-log.js';
import { openLatestProducer, type LatestProducer } from '../../src/kafka/latest-producer.js';
import { createLatestPublisher } from '../../src/kafka/latest-publisher.js';
import { toTopicMessages } from '../../src/kafka/sender.js';
import { describeWithKafka, makeTopic, openKafka, readTopic } from '../support/kafka.js';

/** A shard that no other test uses. */
let lastShard = Math.floor(Math.random() * 1e9);
const anyShard = () => (lastShard += 1);

describeWithKafka('the latest producer', () => {
  const { kafka, logger } = openKafka();
  const producers: LatestProducer[] = [];
  let topic: string;
  let shard: number;

  beforeEach(async () => {
    topic = await makeTopic(kafka, { configs: { 'cleanup.policy': 'compact' } });
    shard = anyShard();
  });
  afterEach(() => Promise.all(producers.splice(0).map((producer) => producer.stop())));

  async function open(of = shard): Promise<LatestProducer> {
    const producer = await openLatestProducer({ kafka, shard: of, logger });
    producers.push(producer);
    return producer;
  }
  const make = (value: string | null, key = 'k'): LogRecord => ({ topic, key, headers: {}, value });
  const values = async () => (await readTopic(topic)).map((record) => record.value);

  it('is needed: without a fence, a process that slept publishes an old state after a newer one', async () => {
    const sleeper = createKafkaEventLog({ kafka, logger });
    const other = createKafkaEventLog({ kafka, logger });
    await other.publish([make('seq 6')]);
    await sleeper.publish([make('seq 5')]);
    expect(await values()).toEqual(['seq 6', 'seq 5']);
    await Promise.all([sleeper.stop(), other.stop()]);
  });

  it('rejects a process that slept while another one opened a producer', async () => {
    const sleeper = await open();
    await sleeper.publish([make('seq 4')]);
    const other = await open();
    await other.publish([make('seq 6')]);
    await expect(sleeper.publish([make('seq 5')])).rejects.toMatchObject({ name: 'FencedError' });
    expect(await values()).toEqual(['seq 4', 'seq 6']);
    expect([sleeper.isOpen(), other.isOpen()]).toEqual([false, true]);
  });

  it('rejects it before the other one has published anything', async () => {
    const sleeper = await open();
    await open();
    await expect(sleeper.publish([make('seq 5')])).rejects.toMatchObject({ name: 'FencedError' });
    expect(await values()).toEqual([]);
  });

  it('discards records that an older producer has sent and not committed', async () => {
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

  it('fences off no producer of another shard', async () => {
    const own = await open();
    await open(anyShard());
    await own.publish([make('own')]);
    expect(await values()).toEqual(['own']);
  });

  it('publishes all records or none', async () => {
    const producer = await open();
    const small = await makeTopic(kafka, { configs: { 'max.message.bytes': '1000' } });
    const stored = make('a'.repeat(600_000));
    await expect(
      producer.publish([stored, { ...make('b'.repeat(400_000)), topic: small }]),
    ).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
    });
    expect(await values()).toEqual([]);
    expect(producer.isOpen()).toBe(false);
  });

  it('publishes tombstones, and more records than one send can hold', async () => {
    const producer = await open();
    const many = Array.from({ length: 30 }, (_, index) =>
      make(String(index).padEnd(100_000, '.'), `key-${index}`),
    );
    await producer.publish([...many, make(null)]);
    const held = await readTopic(topic);
    expect(held).toHaveLength(31);
    expect(held.filter((record) => record.value === null).map((record) => record.key)).toEqual([
      'k',
    ]);
  });

  it('skips and logs a record that Kafka would never accept', async () => {
    const producer = await open();
    await producer.publish([make('x'.repeat(2_000_000), 'large'), make('a')]);
    expect(await values()).toEqual(['a']);
    expect(logger.lines).toContainEqual(
      expect.objectContaining({ level: 'error', fields: { topic, documentId: 'large' } }),
    );
  });
});

describeWithKafka('the publisher of the compacted topic', () => {
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

  it('publishes through producers that were opened before', async () => {
    const shards = [anyShard(), anyShard()];
    const publisher = create();
    await publisher.assign(shards);
    for (const shard of shards) await publisher.publish(shard, [make(String(shard))]);
    expect((await readTopic(topic)).map((record) => record.value)).toEqual(shards.map(String));
  });

  it('rejects records that were read before the producer was open, and accepts those read next', async () => {
    const shard = anyShard();
    const publisher = create();
    await expect(publisher.publish(shard, [make('read too early')])).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
    });
    await publisher.publish(shard, [make('read after')]);
    expect((await readTopic(topic)).map((record) => record.value)).toEqual(['read after']);
  });

  it('opens a new producer after it was fenced off, if the shard is still its own', async () => {
    const shard = anyShard();
    const own = create();
    const other = create();
    await own.assign([shard]);
    await other.assign([shard]);
    await expect(own.publish(shard, [make('old')])).rejects.toMatchObject({ name: 'FencedError' });
    await own.assign([shard]);
    await own.publish(shard, [make('new')]);
    expect((await readTopic(topic)).map((record) => record.value)).toEqual(['new']);
  });

  it('closes the producer of a shard that was taken away', async () => {
    const shard = anyShard();
    const taken = anyShard();
    const closed: string[] = [];
    const watched = {
      producer: (config: ProducerConfig) => {
        const producer = kafka.producer(config);
        producer.on('producer.disconnect', () => void closed.push(String(config.transactionalId)));
        return producer;
      },
    } as Kafka;
    const publisher = create(watched);
    await publisher.assign([shard, taken]);
    expect(closed).toEqual([]);
    await publisher.assign([shard]);
    expect(closed).toEqual([`docstream-latest-${taken}`]);
    await publisher.publish(shard, [make('kept')]);
    expect((await readTopic(topic)).map((record) => record.value)).toEqual(['kept']);
  });

  it('logs that a producer cannot be opened, and does not throw', async () => {
    const publisher = create(openKafka({ brokers: ['127.0.0.1:1'] }).kafka);
    await publisher.assign([anyShard()]);
    expect(logger.lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: expect.stringContaining('failed to open the producer') as string,
      }),
    );
  });
});

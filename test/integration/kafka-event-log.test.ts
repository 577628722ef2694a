import { randomUUID } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import type { LogRecord } from '../../src/documents/ports.js';
import { createKafkaEventLog, type KafkaEventLog } from '../../src/kafka/event-log.js';
import { toTopicMessages } from '../../src/kafka/sender.js';
import { describeEventLogContract } from '../support/contracts/event-log.js';
import { startKafkaProxy, type KafkaProxy } from '../support/kafka-proxy.js';
import {
  deleteTopics,
  describeWithKafka,
  makeNamedTopic,
  makeTopic,
  openKafka,
  readTopic,
} from '../support/kafka.js';
import { eventually } from '../support/wait.js';

const valuesOf = async (topic: string) => (await readTopic(topic)).map((record) => record.value);

/** Computed by kafka-clients 4.3.1: Utils.toPositive(Utils.murmur2(key)) % 12. */
const JAVA_PARTITIONS = {
  kafka: 4,
  docstream: 2,
  foobar: 6,
  '97f7dcef-e989-4921-8829-9b910a8152f3': 9,
  'ebbe5be3-cb5b-466f-8266-f645c97bd630': 5,
};

describeWithKafka('the event log on Kafka', () => {
  const { kafka, logger } = openKafka();
  let events: KafkaEventLog;

  beforeEach(() => {
    events = createKafkaEventLog({ kafka, logger });
  });
  afterEach(() => events.stop());

  describeEventLogContract('Kafka', async () => {
    const own = createKafkaEventLog({ kafka, logger });
    return {
      logger: own,
      makeTopic: () => makeTopic(kafka),
      read: readTopic,
      close: () => own.stop(),
    };
  });

  it('puts a key into the partition that a Java client looks for it in', async () => {
    const topic = await makeTopic(kafka, { partitions: 12 });
    await events.publish(
      Object.keys(JAVA_PARTITIONS).map((key) => ({ topic, key, headers: {}, value: key })),
    );
    const partitions = Object.fromEntries(
      (await readTopic(topic)).map(({ key, partition }) => [key, partition]),
    );
    expect(partitions).toEqual(JAVA_PARTITIONS);
  });

  it('singles out what the broker refuses for good, and holds the rest in order', async () => {
    const topic = await makeTopic(kafka, {
      partitions: 1,
      configs: { 'max.message.bytes': '20000' },
    });
    const values = ['a', 'b', 'x'.repeat(30_000), 'c', 'y'.repeat(40_000), 'd'];
    const refused = await events.publish(
      values.map((value) => ({ topic, key: 'k', headers: {}, value })),
    );
    expect(refused).toEqual([2, 4].map((index) => ({ index, reason: 'MESSAGE_TOO_LARGE' })));
    expect([...new Set(await valuesOf(topic))]).toEqual(['a', 'b', 'c', 'd']);
  });

  it('refuses no record because its batch is large', async () => {
    const topic = await makeTopic(kafka, { partitions: 1 });
    const records = Array.from({ length: 60 }, (_, index) => ({
      topic,
      key: 'k',
      headers: {},
      value: String(index).padEnd(100_000, '.'),
    }));
    expect(await events.publish(records)).toEqual([]);
    expect((await valuesOf(topic)).map((value) => Number.parseInt(value ?? '', 10))).toEqual(
      records.map((_, index) => index),
    );
  });

  it('says that it is unavailable when a topic is gone, and publishes again once it is back', async () => {
    const topic = await makeTopic(kafka, { partitions: 2 });
    const record = { topic, key: 'k', headers: {}, value: 'before' };
    await events.publish([record]);
    await deleteTopics(kafka, [topic]);
    await eventually(
      () =>
        events.publish([record]).then(
          () => false,
          (error: unknown) => error,
        ),
      { timeoutMs: 60_000 },
    );
    await expect(events.publish([record])).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
    });
    await makeNamedTopic(kafka, topic, 2);
    await events.publish([{ ...record, value: 'after' }]);
    expect(await valuesOf(topic)).toEqual(['after']);
  });

  it('says that it is unavailable when nobody answers', async () => {
    const nobody = createKafkaEventLog(openKafka({ brokers: ['127.0.0.1:1'] }));
    await expect(
      nobody.publish([{ topic: 't', key: 'k', headers: {}, value: '' }]),
    ).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
    });
    await nobody.stop();
  });
});

describeWithKafka('a send whose answer was lost', () => {
  let proxy: KafkaProxy;
  let topic: string;
  let through: { kafka: Kafka; logger: ReturnType<typeof openKafka>['logger'] };

  beforeEach(async () => {
    proxy = await startKafkaProxy();
    through = openKafka({ socketFactory: proxy.socketFactory });
    topic = await makeTopic(openKafka().kafka, { partitions: 1 });
  });
  afterEach(() => proxy.stop());

  const make = (value: string): LogRecord => ({ topic, key: 'k', headers: {}, value });

  it('is the danger: a producer that is kept then loses the next batch, and says that it is stored', async () => {
    const kept = through.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      retry: { retries: 1 },
    });
    await kept.connect();
    const send = (value: string) =>
      kept.sendBatch({ topicMessages: toTopicMessages([make(value)]), acks: -1 });
    proxy.losesAnswers = true;
    await expect(send('first')).rejects.toThrow();
    proxy.losesAnswers = false;
    await send('second');
    expect(proxy.lost).toBeGreaterThan(0);
    expect(await valuesOf(topic)).toEqual(['first']);
    await kept.disconnect();
  });

  it('loses nothing of what the event log publishes next', async () => {
    const events = createKafkaEventLog(through);
    proxy.losesAnswers = true;
    await expect(events.publish([make('first')])).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
    });
    proxy.losesAnswers = false;
    await events.publish([make('first')]);
    await events.publish([make('second')]);
    expect(proxy.lost).toBeGreaterThan(0);
    expect(await valuesOf(topic)).toEqual(['first', 'first', 'second']);
    await events.stop();
  });

  it('goes unnoticed when a repeated try of the same producer succeeds: the broker knows the repeat', async () => {
    const events = createKafkaEventLog(through);
    const id = randomUUID();
    proxy.losesAnswers = true;
    const publishing = events.publish([make(id)]);
    await eventually(() => proxy.lost > 0);
    proxy.losesAnswers = false;
    await publishing;
    expect(await valuesOf(topic)).toEqual([id]);
    await events.stop();
  });
});

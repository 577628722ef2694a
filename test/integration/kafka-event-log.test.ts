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
  let eventLog: KafkaEventLog;

  beforeEach(() => {
    eventLog = createKafkaEventLog({ kafka, logger });
  });
  afterEach(() => eventLog.stop());

  describeEventLogContract('Kafka', async () => {
    const own = createKafkaEventLog({ kafka, logger });
    return {
      eventLog: own,
      makeTopic: () => makeTopic(kafka),
      read: readTopic,
      close: () => own.stop(),
    };
  });

  it('puts a key into the same partition as a Java client', async () => {
    const topic = await makeTopic(kafka, { partitions: 12 });
    await eventLog.publish(
      Object.keys(JAVA_PARTITIONS).map((key) => ({ topic, key, headers: {}, value: key })),
    );
    const partitions = Object.fromEntries(
      (await readTopic(topic)).map(({ key, partition }) => [key, partition]),
    );
    expect(partitions).toEqual(JAVA_PARTITIONS);
  });

  it('reports the records that the broker rejects for good, and stores the others in order', async () => {
    const topic = await makeTopic(kafka, {
      partitions: 1,
      configs: { 'max.message.bytes': '20000' },
    });
    const values = ['a', 'b', 'x'.repeat(30_000), 'c', 'y'.repeat(40_000), 'd'];
    const refused = await eventLog.publish(
      values.map((value) => ({ topic, key: 'k', headers: {}, value })),
    );
    expect(refused).toEqual([2, 4].map((index) => ({ index, reason: 'MESSAGE_TOO_LARGE' })));
    expect([...new Set(await valuesOf(topic))]).toEqual(['a', 'b', 'c', 'd']);
  });

  it('stores a batch that is larger than one send', async () => {
    const topic = await makeTopic(kafka, { partitions: 1 });
    const records = Array.from({ length: 60 }, (_, index) => ({
      topic,
      key: 'k',
      headers: {},
      value: String(index).padEnd(100_000, '.'),
    }));
    expect(await eventLog.publish(records)).toEqual([]);
    expect((await valuesOf(topic)).map((value) => Number.parseInt(value ?? '', 10))).toEqual(
      records.map((_, index) => index),
    );
  });

  it('throws DEPENDENCY_UNAVAILABLE while a topic is missing, and publishes once it exists again', async () => {
    const topic = await makeTopic(kafka, { partitions: 2 });
    const record = { topic, key: 'k', headers: {}, value: 'before' };
    await eventLog.publish([record]);
    await deleteTopics(kafka, [topic]);
    await eventually(
      () =>
        eventLog.publish([record]).then(
          () => false,
          (error: unknown) => error,
        ),
      { timeoutMs: 60_000 },
    );
    await expect(eventLog.publish([record])).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
    });
    await makeNamedTopic(kafka, topic, 2);
    await eventLog.publish([{ ...record, value: 'after' }]);
    expect(await valuesOf(topic)).toEqual(['after']);
  });

  it('throws DEPENDENCY_UNAVAILABLE if no broker responds', async () => {
    const unreachable = createKafkaEventLog(openKafka({ brokers: ['127.0.0.1:1'] }));
    await expect(
      unreachable.publish([{ topic: 't', key: 'k', headers: {}, value: '' }]),
    ).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
    });
    await unreachable.stop();
  });
});

describeWithKafka('a send whose response was lost', () => {
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

  it('is the danger: a producer that is used again loses the next batch, and reports success', async () => {
    const kept = through.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      retry: { retries: 1 },
    });
    await kept.connect();
    const send = (value: string) =>
      kept.sendBatch({ topicMessages: toTopicMessages([make(value)]), acks: -1 });
    proxy.losesResponses = true;
    await expect(send('first')).rejects.toThrow();
    proxy.losesResponses = false;
    await send('second');
    expect(proxy.lost).toBeGreaterThan(0);
    expect(await valuesOf(topic)).toEqual(['first']);
    await kept.disconnect();
  });

  it('loses no record that the event log publishes next', async () => {
    const eventLog = createKafkaEventLog(through);
    proxy.losesResponses = true;
    await expect(eventLog.publish([make('first')])).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
    });
    proxy.losesResponses = false;
    await eventLog.publish([make('first')]);
    await eventLog.publish([make('second')]);
    expect(proxy.lost).toBeGreaterThan(0);
    expect(await valuesOf(topic)).toEqual(['first', 'first', 'second']);
    await eventLog.stop();
  });

  it('is harmless if the same producer repeats the send: the broker recognises the repetition', async () => {
    const eventLog = createKafkaEventLog(through);
    const id = randomUUID();
    proxy.losesResponses = true;
    const publishing = eventLog.publish([make(id)]);
    await eventually(() => proxy.lost > 0);
    proxy.losesResponses = false;
    await publishing;
    expect(await valuesOf(topic)).toEqual([id]);
    await eventLog.stop();
  });
});

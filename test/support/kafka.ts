/**
 * What tests need of a real Kafka at KAFKA_BROKERS. kcat reads the records, because it shares no
 * code with the product.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import type { Kafka } from 'kafkajs';
import type { LogRecord } from '../../src/documents/ports.js';
import { createKafka, type KafkaOptions } from '../../src/kafka/client.js';
import { makeLogger } from './make-logger.js';

const brokers = process.env['KAFKA_BROKERS'] ?? '';

/**
 * Runs the suite if KAFKA_BROKERS is set. Otherwise prints one line and skips the suite, or fails
 * in CI.
 */
export function describeWithKafka(name: string, suite: () => void): void {
  if (brokers !== '') {
    describe(name, suite);
    return;
  }
  if (process.env['CI'] === 'true') {
    it(`${name}: KAFKA_BROKERS must be set in CI`, () => {
      throw new Error('KAFKA_BROKERS is not set, and in CI nothing may be left out');
    });
    return;
  }
  process.stdout.write(`left out without KAFKA_BROKERS: ${name}\n`);
  describe.skip(name, suite);
}

export function openKafka(more: Partial<KafkaOptions> = {}): {
  kafka: Kafka;
  logger: ReturnType<typeof makeLogger>;
} {
  const logger = makeLogger();
  return { logger, kafka: createKafka({ brokers: brokers.split(','), logger, ...more }) };
}

export function kafkaAddress(): { host: string; port: number } {
  const [host = '', port = ''] = (brokers.split(',')[0] ?? '').split(/:(?=\d+$)/);
  return { host, port: Number(port) };
}

/** Creates a topic that only one test uses. */
export async function makeTopic(
  kafka: Kafka,
  { partitions = 3, configs = {} }: { partitions?: number; configs?: Record<string, string> } = {},
) {
  const topic = `test-${randomUUID()}`;
  await withAdmin(kafka, (admin) =>
    admin.createTopics({ topics: [toTopic(topic, partitions, configs)], waitForLeaders: true }),
  );
  return topic;
}

export async function makeNamedTopic(
  kafka: Kafka,
  topic: string,
  partitions: number,
): Promise<void> {
  await withAdmin(kafka, (admin) =>
    admin.createTopics({ topics: [toTopic(topic, partitions, {})], waitForLeaders: true }),
  );
}

export async function deleteTopics(kafka: Kafka, topics: string[]): Promise<void> {
  await withAdmin(kafka, (admin) => admin.deleteTopics({ topics }));
}

export async function withAdmin<T>(
  kafka: Kafka,
  work: (admin: ReturnType<Kafka['admin']>) => Promise<T>,
): Promise<T> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

function toTopic(topic: string, numPartitions: number, configs: Record<string, string>) {
  const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }));
  return { topic, numPartitions, replicationFactor: 1, configEntries };
}

export interface StoredRecord extends LogRecord {
  partition: number;
  offset: number;
}

/** Returns all committed records of a topic, in the order of each partition. */
export async function readTopic(topic: string): Promise<StoredRecord[]> {
  const args = ['-b', brokers, '-C', '-t', topic, '-o', 'beginning', '-e', '-q', '-J'];
  const { stdout } = await promisify(execFile)('kcat', args, { maxBuffer: 256 * 1024 * 1024 });
  return stdout.split('\n').filter(Boolean).map(toStored);
}

interface Line {
  topic: string;
  partition: number;
  offset: number;
  key: string | null;
  payload: string | null;
  headers?: string[];
}

function toStored(line: string): StoredRecord {
  const { topic, partition, offset, key, payload, headers = [] } = JSON.parse(line) as Line;
  const pairs = Array.from({ length: headers.length / 2 }, (_, index) => [
    headers[2 * index],
    headers[2 * index + 1],
  ]);
  return {
    topic,
    partition,
    offset,
    key: key ?? '',
    value: payload,
    headers: Object.fromEntries(pairs) as Record<string, string>,
  };
}

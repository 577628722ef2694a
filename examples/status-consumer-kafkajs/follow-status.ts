/**
 * Follows the status of every document: first the state of all documents, from the compacted topic,
 * then every event. Prints a line of JSON for each new state, in order for each document, and one
 * for each document that is gone.
 *
 *     KAFKA_BROKERS=127.0.0.1:9092 node follow-status.ts
 *
 * The example reads both topics side by side into one map of the highest seq of each document. An
 * event that is not higher is a repeat and is dropped, whichever topic it comes from. So no event
 * is missed between the snapshot and the stream.
 */
import { randomUUID } from 'node:crypto';
import kafkajs, { type Admin, type IHeaders, type KafkaMessage } from 'kafkajs';

const STATUS = 'docstream.document-status.v1';
const LATEST = 'docstream.document-status-latest.v1';
const EVENT_TYPE = 'docstream.document.status-changed.v1';

/**
 * How far before now the stream of events starts. The compacted topic is about a second late, and
 * later if docstream's relay is down.
 */
const OVERLAP_MS = 10 * 60_000;
/** The seq of a document that is gone, higher than every other: an id is never used again. */
const GONE = Infinity;

/** The fields of an event that this example uses. Events have more fields. */
interface StatusEvent {
  documentId: string;
  seq: number;
  status: string;
  filename: string;
}

const brokers = process.env['KAFKA_BROKERS'];
if (!brokers) {
  process.stderr.write(
    'KAFKA_BROKERS is not set; set it to host:port of one or more brokers, separated by commas.\n',
  );
  process.exit(2);
}

// Each run has its own group: the map is in memory, so every start reads the compacted topic from
// its beginning.
const groupId = `follow-status-${randomUUID()}`;
const kafka = new kafkajs.Kafka({
  clientId: 'follow-status',
  brokers: brokers.split(','),
  logLevel: kafkajs.logLevel.ERROR,
});
const consumer = kafka.consumer({ groupId, allowAutoTopicCreation: false });
const admin = kafka.admin();
/** The highest known seq of each document. */
const newest = new Map<string, number>();

consumer.on('consumer.crash', ({ payload }) => {
  // kafkajs restarts on its own after a temporary error. After any other error the process would
  // stay alive and read nothing.
  if (!payload.restart) fail(payload.error);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());

try {
  await admin.connect();
  await admin.setOffsets({ groupId, topic: LATEST, partitions: await beginningOf(admin, LATEST) });
  await admin.setOffsets({
    groupId,
    topic: STATUS,
    partitions: await admin.fetchTopicOffsetsByTimestamp(STATUS, Date.now() - OVERLAP_MS),
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [LATEST, STATUS] });
  // The handler must not throw: an error other than kafkajs' own ends the consumer. If temporary
  // failures are possible, for example in a write to a database, catch them and throw new
  // KafkaJSError(message, { retriable: true }): kafkajs then delivers the record again.
  await consumer.run({
    eachMessage: async ({ topic, partition, message }) => handle(topic, partition, message),
  });
} catch (error) {
  fail(error);
}

function handle(topic: string, partition: number, message: KafkaMessage): void {
  const position = `${topic}[${partition}]@${message.offset}`;
  const key = message.key?.toString();
  if (key === undefined) return skip(position, 'it has no key');
  if (message.value === null)
    return topic === LATEST ? handleTombstone(key) : skip(position, 'it has no value');
  // The topic may gain other types of events.
  if (headerOf(message.headers, 'ce_type') !== EVENT_TYPE) return;
  const event = parse(message.value.toString());
  if (!event) return skip(position, 'it is not a status event');
  handleEvent(event, headerOf(message.headers, 'ce_id'));
}

function handleEvent(
  { documentId, seq, status, filename }: StatusEvent,
  id: string | undefined,
): void {
  if (seq <= (newest.get(documentId) ?? 0)) return;
  newest.set(documentId, seq);
  print({ id, documentId, seq, status, filename });
}

function handleTombstone(documentId: string): void {
  if (newest.get(documentId) === GONE) return;
  newest.set(documentId, GONE);
  print({ documentId, gone: true });
}

function parse(json: string): StatusEvent | null {
  try {
    const event: unknown = JSON.parse(json);
    return isStatusEvent(event) ? event : null;
  } catch {
    return null;
  }
}

function isStatusEvent(value: unknown): value is StatusEvent {
  if (typeof value !== 'object' || value === null) return false;
  const { documentId, seq, status, filename } = value as Partial<
    Record<keyof StatusEvent, unknown>
  >;
  // The status is an open string: an unknown status is not terminal.
  return (
    typeof documentId === 'string' &&
    Number.isInteger(seq) &&
    typeof status === 'string' &&
    typeof filename === 'string'
  );
}

function headerOf(headers: IHeaders | undefined, name: string): string | undefined {
  const value = headers?.[name];
  return Array.isArray(value) ? value[0]?.toString() : value?.toString();
}

async function beginningOf(
  connectedAdmin: Admin,
  topic: string,
): Promise<{ partition: number; offset: string }[]> {
  const offsets = await connectedAdmin.fetchTopicOffsets(topic);
  return offsets.map(({ partition, low }) => ({ partition, offset: low }));
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function skip(position: string, reason: string): void {
  process.stderr.write(`skipped ${position}: ${reason}\n`);
}

async function stop(): Promise<void> {
  try {
    await consumer.disconnect();
    await admin.deleteGroups([groupId]);
    await admin.disconnect();
  } catch (error) {
    fail(error);
  }
  process.exit(0);
}

function fail(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

/**
 * Follows the status of every document: the state of all of them first, from the compacted topic,
 * then what happens. Prints a line of JSON for each state that is news, in order for each document,
 * and one for each document that is gone.
 *
 *     KAFKA_BROKERS=127.0.0.1:9092 node follow-status.ts
 *
 * Both topics are read side by side and meet in one map: the highest seq of each document. Whatever
 * is not higher is a repeat, from whichever topic it came, and is dropped. So nothing can be missed
 * between the snapshot and the stream.
 */
import { randomUUID } from 'node:crypto';
import kafkajs, { type Admin, type IHeaders, type KafkaMessage } from 'kafkajs';

const STATUS = 'docstream.document-status.v1';
const LATEST = 'docstream.document-status-latest.v1';
const EVENT_TYPE = 'docstream.document.status-changed.v1';

/**
 * The compacted topic is about a second late, and later when docstream's relay is down. The stream
 * is joined this long before.
 */
const OVERLAP_MS = 10 * 60_000;
/** Higher than every seq: an id is never used again. */
const GONE = Infinity;

/** What this example needs of an event; there is more in it, and more may come. */
interface StatusEvent {
  documentId: string;
  seq: number;
  status: string;
  filename: string;
}

const brokers = process.env['KAFKA_BROKERS'];
if (!brokers) {
  process.stderr.write(
    'KAFKA_BROKERS is missing: host:port of one or more brokers, with commas between them.\n',
  );
  process.exit(2);
}

// A group of this run's own: the map is in memory, so every start reads the compacted topic from
// its beginning.
const groupId = `follow-status-${randomUUID()}`;
const kafka = new kafkajs.Kafka({
  clientId: 'follow-status',
  brokers: brokers.split(','),
  logLevel: kafkajs.logLevel.ERROR,
});
const consumer = kafka.consumer({ groupId, allowAutoTopicCreation: false });
const admin = kafka.admin();
/** The highest seq known of each document. */
const newest = new Map<string, number>();

consumer.on('consumer.crash', ({ payload }) => {
  // kafkajs restarts by itself after what may pass; anything else would leave a process that lives
  // and reads nothing.
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
  // Nothing may be thrown in here: an error that is not kafkajs' own would end the consumer. Work
  // that can fail for a while, such as a write to a database, belongs into a try that throws new
  // KafkaJSError(message, { retriable: true }): then the record comes again.
  await consumer.run({
    eachMessage: async ({ topic, partition, message }) => take(topic, partition, message),
  });
} catch (error) {
  fail(error);
}

function take(topic: string, partition: number, message: KafkaMessage): void {
  const place = `${topic}[${partition}]@${message.offset}`;
  const key = message.key?.toString();
  if (key === undefined) return skip(place, 'it has no key');
  if (message.value === null)
    return topic === LATEST ? takeTombstone(key) : skip(place, 'it has no value');
  // Other types of events may come to the topic.
  if (headerOf(message.headers, 'ce_type') !== EVENT_TYPE) return;
  const event = parse(message.value.toString());
  if (!event) return skip(place, 'it is no status event');
  takeEvent(event, headerOf(message.headers, 'ce_id'));
}

function takeEvent(
  { documentId, seq, status, filename }: StatusEvent,
  id: string | undefined,
): void {
  if (seq <= (newest.get(documentId) ?? 0)) return;
  newest.set(documentId, seq);
  print({ id, documentId, seq, status, filename });
}

function takeTombstone(documentId: string): void {
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
  // Not one of a fixed list: a status that is not known yet is one that is not terminal.
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
  open: Admin,
  topic: string,
): Promise<{ partition: number; offset: string }[]> {
  const offsets = await open.fetchTopicOffsets(topic);
  return offsets.map(({ partition, low }) => ({ partition, offset: low }));
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function skip(place: string, reason: string): void {
  process.stderr.write(`${place} is left out: ${reason}\n`);
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

import type { Kafka } from 'kafkajs';
import type { EventLog, LogRecord, RefusedRecord } from '../documents/ports.js';
import type { Logger } from '../runtime/logger.js';
import { toRefusal, toUnavailable } from './errors.js';
import { splitIntoBatches } from './record-size.js';
import { createSender, type Sender } from './sender.js';

export interface KafkaEventLog extends EventLog {
  stop(): Promise<void>;
}

interface IndexedRecord {
  index: number;
  record: LogRecord;
}

/**
 * Returns the event log on Kafka. It delivers at least once, in the order of each key, and sends
 * the records of one publish at a time. A record that the broker rejects for good is reported, and
 * the others are stored. After any other failure the caller must publish all records again.
 */
export function createKafkaEventLog({
  kafka,
  logger,
}: {
  kafka: Kafka;
  logger: Pick<Logger, 'debug'>;
}): KafkaEventLog {
  const sender = createSender({ kafka, logger });
  let last: Promise<unknown> = Promise.resolve();

  function publish(records: readonly LogRecord[]): Promise<RefusedRecord[]> {
    const indexed = records.map((record, index) => ({ index, record }));
    const next = last.then(() => publishInOrder(sender, indexed));
    last = next.catch(() => undefined);
    return next;
  }

  return {
    publish,
    stop: async () => {
      await last;
      await sender.stop();
    },
  };
}

async function publishInOrder(
  sender: Sender,
  records: readonly IndexedRecord[],
): Promise<RefusedRecord[]> {
  const refused: RefusedRecord[] = [];
  for (const batch of splitIntoBatches(records, ({ record }) => record))
    refused.push(...(await publishBatch(sender, batch)));
  return refused;
}

/**
 * The broker rejects a batch as a whole and does not name the record. Each half is sent again until
 * the rejected record is alone.
 */
async function publishBatch(
  sender: Sender,
  batch: readonly IndexedRecord[],
): Promise<RefusedRecord[]> {
  try {
    await sender.send(batch.map(({ record }) => record));
    return [];
  } catch (error) {
    const reason = toRefusal(error);
    if (reason === null) throw toUnavailable('records could not be published', error);
    const [first] = batch;
    if (batch.length === 1 && first) return [{ index: first.index, reason }];
    const middle = Math.ceil(batch.length / 2);
    return [
      ...(await publishBatch(sender, batch.slice(0, middle))),
      ...(await publishBatch(sender, batch.slice(middle))),
    ];
  }
}

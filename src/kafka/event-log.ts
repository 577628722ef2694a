import type { Kafka } from 'kafkajs';
import type { EventLog, LogRecord, RefusedRecord } from '../documents/ports.js';
import { toRefusal, toUnavailable } from './errors.js';
import type { Logger } from '../runtime/logger.js';
import { splitBySize } from './record-size.js';
import { createSender, type Sender } from './sender.js';

export interface KafkaEventLog extends EventLog {
  stop(): Promise<void>;
}

interface Numbered {
  index: number;
  record: LogRecord;
}

/**
 * The event log on Kafka: at least once, in the order of each key. One publish at a time, whoever
 * calls. A record that the broker refuses for good is singled out and answered, the others are
 * stored; after any other failure nothing may be assumed and all are published again.
 */
export function createKafkaEventLog({
  kafka,
  logger,
}: {
  kafka: Kafka;
  logger: Logger;
}): KafkaEventLog {
  const sender = createSender({ kafka, logger });
  let last: Promise<unknown> = Promise.resolve();

  const publish = (records: readonly LogRecord[]): Promise<RefusedRecord[]> => {
    const numbered = records.map((record, index) => ({ index, record }));
    const next = last.then(() => publishInOrder(sender, numbered));
    last = next.catch(() => undefined);
    return next;
  };

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
  records: readonly Numbered[],
): Promise<RefusedRecord[]> {
  const refused: RefusedRecord[] = [];
  for (const part of splitBySize(records, ({ record }) => record))
    refused.push(...(await publishPart(sender, part)));
  return refused;
}

/**
 * The broker refuses a batch as a whole and does not say for which record: halves are tried until
 * the one is found.
 */
async function publishPart(sender: Sender, records: readonly Numbered[]): Promise<RefusedRecord[]> {
  try {
    await sender.send(records.map(({ record }) => record));
    return [];
  } catch (error) {
    const reason = toRefusal(error);
    if (reason === null) throw toUnavailable('records could not be published', error);
    const [only] = records;
    if (records.length === 1 && only) return [{ index: only.index, reason }];
    const middle = Math.ceil(records.length / 2);
    return [
      ...(await publishPart(sender, records.slice(0, middle))),
      ...(await publishPart(sender, records.slice(middle))),
    ];
  }
}

/**
 * Sends batches through an idempotent producer that is replaced after any failed send.
 *
 * The danger: kafkajs 2.2 gives the sequence numbers of a failed batch to the next one. If the
 * broker has stored the failed batch and only its response was lost, the broker takes the next
 * batch for a repetition, drops it, and reports success.
 */
import type { Kafka, Message, Producer, TopicMessages } from 'kafkajs';
import type { LogRecord } from '../documents/ports.js';
import { withDeadline } from '../runtime/deadline.js';
import type { Logger } from '../runtime/logger.js';
import { createPartitioner } from './partitioner.js';

export interface Sender {
  /** Resolves when all in-sync replicas hold all records. One call at a time. */
  send(records: readonly LogRecord[]): Promise<void>;
  stop(): Promise<void>;
}

/** How long the broker may wait for its replicas. */
const ACKS_MS = 5_000;
/** Shorter than a lease of 30 s. */
const SEND_MS = 25_000;

export function createSender({
  kafka,
  logger,
}: {
  kafka: Kafka;
  logger: Pick<Logger, 'debug'>;
}): Sender {
  let producer: Producer | undefined;

  async function open(): Promise<Producer> {
    const opened = kafka.producer({ ...ONE_IN_FLIGHT, createPartitioner });
    producer = opened;
    await opened.connect();
    return opened;
  }

  function discard(): void {
    const failed = producer;
    producer = undefined;
    failed
      ?.disconnect()
      .catch((error: unknown) =>
        logger.debug(
          { err: error },
          'failed to close a producer after a failed send; it is dropped',
        ),
      );
  }

  async function sendNow(records: readonly LogRecord[]): Promise<void> {
    const current = producer ?? (await open());
    await current.sendBatch({
      topicMessages: toTopicMessages(records),
      acks: -1,
      timeout: ACKS_MS,
    });
  }

  return {
    send: async (records) => {
      try {
        await withDeadline(sendNow(records), SEND_MS, 'sending to Kafka');
      } catch (error) {
        discard();
        throw error;
      }
    },
    stop: async () => {
      const last = producer;
      producer = undefined;
      await last?.disconnect();
    },
  };
}

const ONE_IN_FLIGHT = { idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false };

export function toTopicMessages(records: readonly LogRecord[]): TopicMessages[] {
  const byTopic = Map.groupBy(records, (record) => record.topic);
  return [...byTopic].map(([topic, ofTopic]) => ({ topic, messages: ofTopic.map(toMessage) }));
}

/** A record without a key has an empty key here and none in Kafka. */
function toMessage({ key, value, headers }: LogRecord): Message {
  return { key: key === '' ? null : key, value, headers };
}

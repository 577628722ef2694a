/**
 * Sends batches through an idempotent producer that is thrown away after any failed send.
 *
 * The danger it prevents: kafkajs 2.2 gives a batch that failed its sequence numbers back, so the
 * next batch gets the same. Where the broker had stored the failed one (only its answer was lost),
 * it takes the next batch for a repeat, drops it, and says that all is well.
 */
import type { Kafka, Message, Producer, TopicMessages } from 'kafkajs';
import type { LogRecord } from '../documents/ports.js';
import { withDeadline } from './deadline.js';
import type { Logger } from '../runtime/logger.js';
import { createPartitioner } from './partitioner.js';

export interface Sender {
  /** Resolves when all in-sync replicas hold all of them. One call at a time. */
  send(records: readonly LogRecord[]): Promise<void>;
  stop(): Promise<void>;
}

/** How long the broker may wait for its replicas. */
const ACKS_MS = 5_000;
/** Shorter than a lease of 30 s. */
const SEND_MS = 25_000;

export function createSender({ kafka, logger }: { kafka: Kafka; logger: Logger }): Sender {
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
        logger.debug({ err: error }, 'a producer that had failed did not end quietly'),
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

/** A record without a key has an empty one here and none in Kafka. */
function toMessage({ key, value, headers }: LogRecord): Message {
  return { key: key === '' ? null : key, value, headers };
}

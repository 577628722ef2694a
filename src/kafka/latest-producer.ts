/**
 * The lane of one shard to the compacted topic, fenced by Kafka: opening a lane shuts every older
 * one of the same shard out, in whatever process it is. A lane lives once: after anything has
 * failed it stays shut and a new one is opened.
 *
 * Never goes back only if what is published was read after the lane was opened. Whoever slept
 * between reading and publishing is either shut out by then or has the newest state.
 */
import type { Kafka, Producer, Transaction } from 'kafkajs';
import type { LogRecord } from '../documents/ports.js';
import { ApiError } from '../errors.js';
import { withDeadline } from './deadline.js';
import { isFenced, toUnavailable } from './errors.js';
import type { Logger } from '../runtime/logger.js';
import { createPartitioner } from './partitioner.js';
import { MAX_SEND_BYTES, sizeOf, splitBySize } from './record-size.js';
import { toTopicMessages } from './sender.js';

/** Another process has opened the lane of this shard: it is its business now. */
export class FencedError extends Error {
  override readonly name = 'FencedError';
}

export interface LatestProducer {
  /**
   * All or nothing: one transaction. Throws FencedError when another process has taken the shard
   * over. One call at a time.
   */
  publish(records: readonly LogRecord[]): Promise<void>;
  /** False once something has failed. */
  isOpen(): boolean;
  stop(): Promise<void>;
}

const ACKS_MS = 5_000;
/** Shorter than a lease of 30 s. Kafka aborts by itself what has not ended by then. */
const TRANSACTION_MS = 25_000;

export async function openLatestProducer({
  kafka,
  shard,
  logger,
}: {
  kafka: Kafka;
  shard: number;
  logger: Logger;
}): Promise<LatestProducer> {
  const producer = kafka.producer({
    transactionalId: `docstream-latest-${shard}`,
    transactionTimeout: TRANSACTION_MS,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner,
  });
  let open = true;

  async function stop(): Promise<void> {
    open = false;
    await producer
      .disconnect()
      .catch((error: unknown) => logger.debug({ err: error, shard }, 'a lane did not end quietly'));
  }

  async function attempt<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await withDeadline(work(), TRANSACTION_MS, what);
    } catch (error) {
      await stop();
      if (isFenced(error))
        throw new FencedError(`another process publishes shard ${shard} now`, { cause: error });
      throw toUnavailable(`${what} failed`, error);
    }
  }

  await attempt('opening a lane', () => shutOthersOut(producer));
  return {
    publish: async (records) => {
      if (!open)
        throw new ApiError(
          'DEPENDENCY_UNAVAILABLE',
          `The lane of shard ${shard} is shut: open a new one.`,
        );
      await attempt('a transaction', () => publishIn(producer, withoutOversized(records, logger)));
    },
    isOpen: () => open,
    stop,
  };
}

/**
 * kafkajs asks for the producer's epoch, which is the fence, with its first transaction. An empty
 * one ends without a word to Kafka.
 */
async function shutOthersOut(producer: Producer): Promise<void> {
  await producer.connect();
  await (await producer.transaction()).abort();
}

async function publishIn(producer: Producer, records: readonly LogRecord[]): Promise<void> {
  if (records.length === 0) return;
  const transaction = await producer.transaction();
  try {
    await sendAll(transaction, records);
  } catch (error) {
    // Kafka aborts it by itself when this does not reach it; the first error is the one to tell.
    await transaction.abort().catch(() => undefined);
    throw error;
  }
  await transaction.commit();
}

async function sendAll(transaction: Transaction, records: readonly LogRecord[]): Promise<void> {
  for (const part of splitBySize(records, (record) => record)) {
    await transaction.sendBatch({
      topicMessages: toTopicMessages(part),
      acks: -1,
      timeout: ACKS_MS,
    });
  }
}

/** One that Kafka would refuse would fail its whole transaction, again and again. */
function withoutOversized(records: readonly LogRecord[], logger: Logger): LogRecord[] {
  return records.filter((record) => {
    if (sizeOf(record) <= MAX_SEND_BYTES) return true;
    logger.error(
      { topic: record.topic, documentId: record.key },
      'a state is too large for Kafka and is left out',
    );
    return false;
  });
}

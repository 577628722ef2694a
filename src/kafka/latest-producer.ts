/**
 * The transactional producer of one shard for the compacted topic. Opening a producer fences off
 * every older producer of the same shard, in any process. After any failure a producer stays
 * closed, and a new one must be opened.
 *
 * The topic never goes back to an older state if the published records were read after the producer
 * was opened. A process that paused between reading and publishing is then either fenced off, or
 * has the newest state.
 */
import type { Kafka, Producer, Transaction } from 'kafkajs';
import type { LogRecord } from '../documents/ports.js';
import { ApiError } from '../errors.js';
import { withDeadline } from '../runtime/deadline.js';
import type { Logger } from '../runtime/logger.js';
import { isFenced, toUnavailable } from './errors.js';
import { createPartitioner } from './partitioner.js';
import { MAX_SEND_BYTES, measureRecord, splitIntoBatches } from './record-size.js';
import { toTopicMessages } from './sender.js';

/** Another process has opened the producer of this shard, and publishes the shard now. */
export class FencedError extends Error {
  override readonly name = 'FencedError';
}

export interface LatestProducer {
  /**
   * Publishes all records or none, in one transaction. Throws FencedError if another process has
   * taken the shard over. One call at a time.
   */
  publish(records: readonly LogRecord[]): Promise<void>;
  /** Returns false after any failure. */
  isOpen(): boolean;
  stop(): Promise<void>;
}

const ACKS_MS = 5_000;
/** Shorter than a lease of 30 s. Kafka aborts a transaction that has not ended by then. */
const TRANSACTION_MS = 25_000;

export async function openLatestProducer({
  kafka,
  shard,
  logger,
}: {
  kafka: Kafka;
  shard: number;
  logger: Pick<Logger, 'debug' | 'error'>;
}): Promise<LatestProducer> {
  const producer = kafka.producer({
    transactionalId: `docstream-latest-${shard}`,
    transactionTimeout: TRANSACTION_MS,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner,
  });
  let isOpen = true;

  async function stop(): Promise<void> {
    isOpen = false;
    await producer
      .disconnect()
      .catch((error: unknown) =>
        logger.debug(
          { err: error, shard },
          'failed to close the producer of a shard; it is dropped',
        ),
      );
  }

  async function closeOnFailure<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await withDeadline(work(), TRANSACTION_MS, what);
    } catch (error) {
      await stop();
      if (isFenced(error))
        throw new FencedError(`another process publishes shard ${shard} now`, { cause: error });
      throw toUnavailable(`${what} failed`, error);
    }
  }

  await closeOnFailure('opening a producer', () => fenceOlderProducers(producer));
  return {
    publish: async (records) => {
      if (!isOpen)
        throw new ApiError(
          'DEPENDENCY_UNAVAILABLE',
          `The producer of shard ${shard} is closed; open a new one.`,
        );
      await closeOnFailure('a transaction', () =>
        publishIn(producer, withoutOversized(records, logger)),
      );
    },
    isOpen: () => isOpen,
    stop,
  };
}

/**
 * kafkajs 2.2 requests the producer's epoch, which is the fence, with the first transaction only.
 * An empty transaction ends without a request to Kafka.
 */
async function fenceOlderProducers(producer: Producer): Promise<void> {
  await producer.connect();
  await (await producer.transaction()).abort();
}

async function publishIn(producer: Producer, records: readonly LogRecord[]): Promise<void> {
  if (records.length === 0) return;
  const transaction = await producer.transaction();
  try {
    await sendAll(transaction, records);
  } catch (error) {
    // If the abort fails too, Kafka aborts the transaction on its own. The first error counts.
    await transaction.abort().catch(() => undefined);
    throw error;
  }
  await transaction.commit();
}

async function sendAll(transaction: Transaction, records: readonly LogRecord[]): Promise<void> {
  for (const batch of splitIntoBatches(records, (record) => record)) {
    await transaction.sendBatch({
      topicMessages: toTopicMessages(batch),
      acks: -1,
      timeout: ACKS_MS,
    });
  }
}

/** An oversized record would fail its whole transaction, again and again. */
function withoutOversized(
  records: readonly LogRecord[],
  logger: Pick<Logger, 'error'>,
): LogRecord[] {
  return records.filter((record) => {
    if (measureRecord(record) <= MAX_SEND_BYTES) return true;
    logger.error(
      { topic: record.topic, documentId: record.key },
      'failed to publish a state that is too large for Kafka; it is skipped',
    );
    return false;
  });
}

/**
 * One membership of the consumer group, from its first join to its end. job-consumer.ts replaces a
 * lost membership by a new one.
 *
 * The handler of batches only passes them to the offset tracker and returns: nothing in it takes
 * time, and nothing in it throws. The tracker handles them concurrently (offset-tracker.ts), and
 * only then commits their offsets. If a handler throws one of JavaScript's own errors, kafkajs 2.2
 * stops the consumer for good and the process stays alive.
 */
// Node finds only some of this package's names on its own.
import kafkajs, {
  type Consumer,
  type EachBatchPayload,
  type Kafka,
  type KafkaMessage,
} from 'kafkajs';
import type { DeadLetter } from '../documents/ports.js';
import { parseJobMessage } from '../messages/job.js';
import type { Logger } from '../runtime/logger.js';
import { isKafkaError } from './errors.js';
import { createOffsetTracker, type OffsetTracker, type TrackedBatch } from './offset-tracker.js';

export interface GroupMember {
  /**
   * Resolves with the first join. If it rejects with the error of kafkajs, the membership is over.
   * Call it once.
   */
  join(): Promise<void>;
  isJoined(): boolean;
  /** While paused, messages stay in the topic. Applies to the next join as well. */
  setPaused(paused: boolean): void;
  /**
   * Handles and commits the messages that were read, and leaves the group, so that other members
   * get the partitions at once.
   */
  leave(): Promise<void>;
}

export interface GroupMemberOptions {
  kafka: Kafka;
  groupId: string;
  topic: string;
  onWakeUp(): Promise<void> | void;
  onUnreadable(deadLetter: DeadLetter): Promise<void>;
  /** Called if the membership is lost after it has joined. */
  onLost(error: unknown): void;
  logger: Pick<Logger, 'warn' | 'error'>;
}

/** How long a fetch waits for messages: a pause, a resume and a stop take up to as long. */
const FETCH_WAIT_MS = 500;
/**
 * The partitions of a lost worker wait this long for a new owner. A worker whose connections broke
 * waits as long for its own earlier session to end.
 */
const SESSION_MS = 15_000;
const HEARTBEAT_MS = 3_000;
const FETCH_BYTES = 256 * 1024;
const DRAIN_MS = 5_000;

const MAX_VALUE_BYTES = 64 * 1024;
const MAX_KEY_CHARACTERS = 200;

export function createGroupMember(options: GroupMemberOptions): GroupMember {
  const { kafka, groupId, topic, logger } = options;
  const consumer = kafka.consumer({
    groupId,
    sessionTimeout: SESSION_MS,
    rebalanceTimeout: SESSION_MS,
    heartbeatInterval: HEARTBEAT_MS,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    maxBytesPerPartition: FETCH_BYTES,
    allowAutoTopicCreation: false,
    // The restart of kafkajs 2.2 has no growing pauses, does not know the errors of a new Kafka,
    // and ignores a stop during the restart.
    retry: { restartOnFailure: () => Promise.resolve(false) },
  });
  const tracker = createOffsetTracker({
    ...options,
    heartbeatMs: HEARTBEAT_MS,
    commit: (offsets) => commit(consumer, topic, offsets),
  });
  const state = { isJoined: false, isPaused: false, isLeaving: false };
  const firstJoin = Promise.withResolvers<void>();
  let hasJoined = false;

  function applyPause(): void {
    if (!state.isJoined) return;
    if (state.isPaused) consumer.pause([{ topic }]);
    else consumer.resume([{ topic }]);
  }

  function setPaused(paused: boolean): void {
    state.isPaused = paused;
    applyPause();
  }

  consumer.on('consumer.group_join', ({ payload }) => {
    hasJoined = true;
    state.isJoined = true;
    applyPause();
    tracker.assign(payload.memberAssignment[topic] ?? []);
    firstJoin.resolve();
  });
  consumer.on('consumer.fetch_start', () => {
    // kafkajs 2.2 ignores a disconnect while it connects, and continues to read.
    if (state.isLeaving) consumer.disconnect().catch(() => undefined);
  });
  consumer.on('consumer.stop', () => {
    state.isJoined = false;
  });
  consumer.on('consumer.crash', ({ payload }) => {
    state.isJoined = false;
    firstJoin.reject(payload.error);
    if (hasJoined && !state.isLeaving) options.onLost(payload.error);
  });

  return {
    join: async () => {
      // Nobody awaits it if connecting fails.
      firstJoin.promise.catch(() => undefined);
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatch: (payload) => onlyKafkaErrors(() => readBatch(payload, tracker), logger),
      });
      await firstJoin.promise;
    },
    isJoined: () => state.isJoined,
    setPaused,
    leave: async () => {
      state.isLeaving = true;
      setPaused(true);
      firstJoin.reject(new Error('the consumer stops'));
      await tracker.drain(DRAIN_MS);
      // Also leaves the group: an offset that is committed later is lost.
      await consumer.disconnect();
    },
  };
}

async function commit(
  consumer: Consumer,
  topic: string,
  offsets: readonly { partition: number; offset: string }[],
): Promise<void> {
  await consumer.commitOffsets(
    offsets.map(({ partition, offset }) => ({ topic, partition, offset })),
  );
}

/** Turns every other error into a retriable one of kafkajs, which reads the batch again. */
async function onlyKafkaErrors(
  handle: () => Promise<void>,
  logger: Pick<Logger, 'error'>,
): Promise<void> {
  try {
    await handle();
  } catch (error) {
    if (isKafkaError(error)) throw error;
    logger.error({ err: error }, 'failed to handle a batch of messages; it is read again');
    throw new kafkajs.KafkaJSError('failed to handle a batch', { retriable: true });
  }
}

async function readBatch(
  { batch, heartbeat, isRunning }: EachBatchPayload,
  tracker: OffsetTracker,
): Promise<void> {
  tracker.track(toTrackedBatch(batch));
  await tracker.waitForCapacity({ heartbeat, isRunning });
}

function toTrackedBatch(batch: EachBatchPayload['batch']): TrackedBatch {
  const { topic, partition } = batch;
  const messages = batch.messages.map((message) => ({ message, parsed: parseJobMessage(message) }));
  return {
    partition,
    nextOffset: BigInt(batch.lastOffset()) + 1n,
    hasWakeUps: messages.some(({ parsed }) => parsed.ok),
    unreadable: messages.flatMap(({ message, parsed }) =>
      parsed.ok ? [] : [toDeadLetter({ topic, partition, message, reason: parsed.reason })],
    ),
  };
}

function toDeadLetter({
  message,
  ...position
}: {
  topic: string;
  partition: number;
  message: KafkaMessage;
  reason: string;
}): DeadLetter {
  const { offset, key, value } = message;
  return {
    ...position,
    offset,
    key: key && toText(key),
    value: value && Buffer.from(value.subarray(0, MAX_VALUE_BYTES)),
  };
}

/** Replaces NUL characters, which a text column of PostgreSQL rejects. */
function toText(bytes: Buffer): string {
  return bytes.toString('utf8').replaceAll('\0', '\uFFFD').slice(0, MAX_KEY_CHARACTERS);
}

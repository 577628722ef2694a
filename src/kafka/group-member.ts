/**
 * One membership of the consumer group, from its first join to its end; a new one follows a lost
 * one (job-consumer.ts).
 *
 * The handler of batches only notes what it read and returns: nothing in it takes time, nothing in
 * it throws. What was noted is settled beside it (permit-ledger.ts), and only then is its offset
 * committed. kafkajs 2.2 stops a consumer for good, with the process still alive, when a handler
 * throws one of JavaScript's own errors.
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
import { isKafkaError } from './errors.js';
import type { Logger } from '../runtime/logger.js';
import { createOffsetTracker, type TrackedBatch, type OffsetTracker } from './offset-tracker.js';

export interface GroupMember {
  /**
   * Resolves with the first join. Rejects with kafkajs' error, and the membership is over. Called
   * once.
   */
  join(): Promise<void>;
  isJoined(): boolean;
  /** Messages stay in the topic. No-op outside the group; applies to the next join as well. */
  setPaused(paused: boolean): void;
  /**
   * Settles and commits what was read, and leaves the group, so that others have its partitions at
   * once.
   */
  leave(): Promise<void>;
}

export interface GroupMemberOptions {
  kafka: Kafka;
  groupId: string;
  topic: string;
  onWakeUp(): Promise<void> | void;
  onUnreadable(letter: DeadLetter): Promise<void>;
  /** The membership was lost after it had joined. */
  onLost(error: unknown): void;
  logger: Logger;
}

/** How long a fetch waits for news, and so how long a pause, a resume and a stop may take. */
const FETCH_WAIT_MS = 500;
/**
 * For so long the partitions of a worker that is gone wait, and a worker whose connections broke
 * waits for itself.
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
    // kafkajs' own restart knows neither growing pauses nor the errors of a new Kafka, and forgets
    // a stop that comes meanwhile.
    retry: { restartOnFailure: () => Promise.resolve(false) },
  });
  const ledger = createOffsetTracker({
    ...options,
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
    ledger.assign(payload.memberAssignment[topic] ?? []);
    firstJoin.resolve();
  });
  consumer.on('consumer.fetch_start', () => {
    // kafkajs forgets that it was to stop when it was connecting at that moment, and reads on.
    if (state.isLeaving) consumer.disconnect().catch(() => undefined);
  });
  consumer.on('consumer.stop', () => void (state.isJoined = false));
  consumer.on('consumer.crash', ({ payload }) => {
    state.isJoined = false;
    firstJoin.reject(payload.error);
    if (hasJoined && !state.isLeaving) options.onLost(payload.error);
  });

  return {
    join: async () => {
      // Nobody listens to it where connecting fails already.
      firstJoin.promise.catch(() => undefined);
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatch: (payload) => guarded(() => readBatch(payload, ledger), logger),
      });
      await firstJoin.promise;
    },
    isJoined: () => state.isJoined,
    setPaused,
    leave: async () => {
      state.isLeaving = true;
      setPaused(true);
      firstJoin.reject(new Error('the consumer stops'));
      await ledger.drain(DRAIN_MS);
      // Stops first, and with that leaves the group. Offsets committed after it would go nowhere.
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

async function guarded(handle: () => Promise<void>, logger: Logger): Promise<void> {
  try {
    await handle();
  } catch (error) {
    if (isKafkaError(error)) throw error;
    logger.error({ err: error }, 'a batch of permits could not be noted; it is read again');
    throw new kafkajs.KafkaJSError('a batch could not be noted', { retriable: true });
  }
}

async function readBatch(
  { batch, heartbeat, isRunning }: EachBatchPayload,
  ledger: OffsetTracker,
): Promise<void> {
  ledger.track(toNote(batch));
  while (ledger.isFull() && isRunning()) {
    await ledger.round(HEARTBEAT_MS);
    await heartbeat();
  }
}

function toNote(batch: EachBatchPayload['batch']): TrackedBatch {
  const { topic, partition } = batch;
  const read = batch.messages.map((message) => ({ message, parsed: parseJobMessage(message) }));
  return {
    partition,
    nextOffset: BigInt(batch.lastOffset()) + 1n,
    hasWakeUps: read.some(({ parsed }) => parsed.ok),
    unreadable: read.flatMap(({ message, parsed }) =>
      parsed.ok ? [] : [toLetter({ topic, partition, message, reason: parsed.reason })],
    ),
  };
}

function toLetter({
  message,
  ...place
}: {
  topic: string;
  partition: number;
  message: KafkaMessage;
  reason: string;
}): DeadLetter {
  const { offset, key, value } = message;
  return {
    ...place,
    offset,
    key: key && toText(key),
    value: value && Buffer.from(value.subarray(0, MAX_VALUE_BYTES)),
  };
}

/** For a person to read: a text column takes no NUL. */
function toText(bytes: Buffer): string {
  return bytes.toString('utf8').replaceAll('\0', '\uFFFD').slice(0, MAX_KEY_CHARACTERS);
}

/**
 * Reads permits. A message only says that there is work, so the handler notes it and returns: nothing in it takes time, nothing in it
 * throws. What was noted is settled beside it (permit-ledger.ts), and only then is its offset committed.
 *
 * kafkajs stops a consumer for good, with the process still alive, when a handler throws one of JavaScript's own errors: none may leave it,
 * and a consumer that has ended for good is told to `onCrash`.
 */
// Node finds only some of this package's names by itself.
import kafkajs, { type Consumer, type EachBatchPayload, type Kafka, type KafkaMessage } from 'kafkajs';
import type { DeadLetter } from '../documents/ports.js';
import { parseJobMessage } from '../messages/job.js';
import { isKafkaError, toUnavailable } from './errors.js';
import type { KafkaLog } from './log.js';
import { createPermitLedger, type Note, type PermitLedger } from './permit-ledger.js';

export interface JobConsumer {
  start(): Promise<void>;
  /** The worker is full: messages stay in the topic. Quiet at any time. */
  pause(): void;
  resume(): void;
  /** Pauses, settles and commits what was read, and leaves the group, so that others have its partitions at once. */
  stop(): Promise<void>;
}

interface Dependencies {
  kafka: Kafka;
  groupId: string;
  topic: string;
  /** Resolves when a claim was tried; then the permit is spent. One that rejects is tried again. */
  onPermit(): Promise<void> | void;
  /** Resolves when the message is kept. May be called again for the same one. */
  onUnreadable(letter: DeadLetter): Promise<void>;
  /** The consumer has ended for good: the process must end too, with a non-zero code. */
  onCrash(error: unknown): void;
  log: KafkaLog;
}

/** How long a fetch waits for news, and so how long a pause, a resume and a stop may take. */
const FETCH_WAIT_MS = 500;
/** For so long the partitions of a worker that is gone wait, and a worker whose connections broke waits for itself. */
const SESSION_MS = 15_000;
const HEARTBEAT_MS = 3_000;
const FETCH_BYTES = 256 * 1024;
const DRAIN_MS = 5_000;

const MAX_VALUE_BYTES = 64 * 1024;
const MAX_KEY_CHARACTERS = 200;

export function createJobConsumer(dependencies: Dependencies): JobConsumer {
  const { kafka, groupId, topic, log } = dependencies;
  let stopped: Promise<void> | undefined;
  const consumer = kafka.consumer({
    ...{ groupId, sessionTimeout: SESSION_MS, rebalanceTimeout: SESSION_MS, heartbeatInterval: HEARTBEAT_MS },
    ...{ maxWaitTimeInMs: FETCH_WAIT_MS, maxBytesPerPartition: FETCH_BYTES, allowAutoTopicCreation: false },
    retry: { restartOnFailure: async () => !stopped },
  });
  const ledger = createPermitLedger({ ...dependencies, commit: (offsets) => commit(consumer, topic, offsets) });
  const state = { joined: false, paused: false };

  function applyPause(): void {
    if (!state.joined) return;
    if (state.paused) consumer.pause([{ topic }]);
    else consumer.resume([{ topic }]);
  }

  function setPaused(paused: boolean): void {
    state.paused = paused;
    applyPause();
  }

  async function drainAndLeave(): Promise<void> {
    setPaused(true);
    await ledger.drain(DRAIN_MS);
    // Stops first, and with that leaves the group. Offsets committed after it would go nowhere.
    await consumer.disconnect();
  }

  consumer.on('consumer.group_join', ({ payload }) => {
    // After kafkajs has restarted a consumer, it has forgotten that it was paused.
    state.joined = true;
    applyPause();
    ledger.assign(payload.memberAssignment[topic] ?? []);
  });
  consumer.on('consumer.fetch_start', () => {
    // kafkajs forgets that it was to stop when it was connecting at that moment, and reads on.
    if (stopped) consumer.disconnect().catch(() => undefined);
  });
  consumer.on('consumer.stop', () => void (state.joined = false));
  consumer.on('consumer.crash', ({ payload }) => {
    if (!payload.restart && !stopped) dependencies.onCrash(payload.error);
  });

  return {
    start: async () => {
      try {
        await consumer.connect();
        await consumer.subscribe({ topics: [topic], fromBeginning: true });
        await consumer.run({ autoCommit: false, eachBatch: (payload) => guarded(() => readBatch(payload, ledger), log) });
      } catch (error) {
        throw toUnavailable(`the consumer of ${topic} could not start`, error);
      }
    },
    pause: () => setPaused(true),
    resume: () => setPaused(false),
    stop: () => (stopped ??= drainAndLeave()),
  };
}

async function commit(consumer: Consumer, topic: string, offsets: readonly { partition: number; offset: string }[]): Promise<void> {
  await consumer.commitOffsets(offsets.map(({ partition, offset }) => ({ topic, partition, offset })));
}

async function guarded(handle: () => Promise<void>, log: KafkaLog): Promise<void> {
  try {
    await handle();
  } catch (error) {
    if (isKafkaError(error)) throw error;
    log.error({ err: error }, 'a batch of permits could not be noted; it is read again');
    throw new kafkajs.KafkaJSError('a batch could not be noted', { retriable: true });
  }
}

async function readBatch({ batch, heartbeat, isRunning }: EachBatchPayload, ledger: PermitLedger): Promise<void> {
  ledger.note(toNote(batch));
  while (ledger.isFull() && isRunning()) {
    await ledger.round(HEARTBEAT_MS);
    await heartbeat();
  }
}

function toNote(batch: EachBatchPayload['batch']): Note {
  const { topic, partition } = batch;
  const read = batch.messages.map((message) => ({ message, parsed: parseJobMessage(message) }));
  return {
    partition,
    nextOffset: BigInt(batch.lastOffset()) + 1n,
    hasPermits: read.some(({ parsed }) => parsed.ok),
    unreadable: read.flatMap(({ message, parsed }) => (parsed.ok ? [] : [toLetter({ topic, partition, message, reason: parsed.reason })])),
  };
}

function toLetter({ message, ...place }: { topic: string; partition: number; message: KafkaMessage; reason: string }): DeadLetter {
  const { offset, key, value } = message;
  return { ...place, offset, key: key && toText(key), value: value && Buffer.from(value.subarray(0, MAX_VALUE_BYTES)) };
}

/** For a person to read: a text column takes no NUL. */
function toText(bytes: Buffer): string {
  return bytes.toString('utf8').replaceAll('\0', '\uFFFD').slice(0, MAX_KEY_CHARACTERS);
}

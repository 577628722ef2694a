/**
 * Tracks the messages of a topic that were read and are not committed yet. An offset is committed
 * after a claim was tried for the wake-up messages before it and the unreadable messages before it
 * were stored. Failed steps are retried; reading continues meanwhile. The tracker holds one offset
 * for each partition, and the unreadable messages.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeadLetter } from '../documents/ports.js';
import { ApiError } from '../errors.js';
import { settlesWithin } from '../runtime/deadline.js';
import type { Logger } from '../runtime/logger.js';

/** The messages of one batch of one partition. */
export interface TrackedBatch {
  partition: number;
  /** The offset of the next message to read. */
  nextOffset: bigint;
  hasWakeUps: boolean;
  unreadable: readonly DeadLetter[];
}

export interface OffsetTracker {
  track(batch: TrackedBatch): void;
  /**
   * Forgets every other partition: its new owner reads again what was not committed. `partitions`
   * are those that this process owns now.
   */
  assign(partitions: readonly number[]): void;
  /**
   * Resolves when few enough unreadable messages wait to be stored for more to be read, or when the
   * consumer stops running. Calls `heartbeat` meanwhile.
   */
  waitForCapacity(consumer: ConsumerLoop): Promise<void>;
  /**
   * Retries everything once. Resolves afterwards, or after `limitMs`; nothing is committed
   * later.
   */
  drain(limitMs: number): Promise<void>;
}

export interface ConsumerLoop {
  heartbeat(): Promise<void>;
  isRunning(): boolean;
}

interface Dependencies {
  /** Resolves when a claim was tried. */
  onWakeUp(): Promise<void> | void;
  onUnreadable(deadLetter: DeadLetter): Promise<void>;
  commit(offsets: readonly { partition: number; offset: string }[]): Promise<void>;
  logger: Pick<Logger, 'warn' | 'error'>;
  heartbeatMs: number;
  retryMs?: number;
}

const RETRY_MS = 1_000;
const MAX_UNREADABLE = 100;
/**
 * Attempts to store one message while the database responds. Then the message itself is the cause,
 * and the log says where it is.
 */
const MAX_STORE_ATTEMPTS = 5;

interface Unreadable {
  deadLetter: DeadLetter;
  attempts: number;
}

interface Entry {
  nextOffset: bigint;
  hasWakeUps: boolean;
  unreadable: Unreadable[];
}

export function createOffsetTracker({
  onWakeUp,
  onUnreadable,
  commit,
  logger,
  heartbeatMs,
  retryMs = RETRY_MS,
}: Dependencies): OffsetTracker {
  const entries = new Map<number, Entry>();
  const storeAll = createUnreadableStore({ onUnreadable, logger });
  const draining = new AbortController();
  let hasEnded = false;
  let committing: Promise<void> | undefined;

  async function commitAll(): Promise<void> {
    while (entries.size > 0 && !hasEnded) {
      try {
        await commitSettled();
      } catch (error) {
        logger.warn({ err: error }, 'failed to handle wake-up messages; they are retried');
        if (draining.signal.aborted) return;
        await sleep(retryMs, undefined, { signal: draining.signal }).catch(() => undefined);
      }
    }
  }

  async function commitSettled(): Promise<void> {
    const offsets = new Map(
      [...entries].map(([partition, entry]) => [partition, entry.nextOffset]),
    );
    if ([...entries.values()].some((entry) => entry.hasWakeUps))
      await claimFor([...entries.values()], onWakeUp);
    for (const { unreadable } of entries.values()) await storeAll(unreadable);
    const settled = [...offsets].filter(([partition]) => entries.has(partition));
    if (settled.length > 0)
      await commit(settled.map(([partition, offset]) => ({ partition, offset: String(offset) })));
    for (const [partition, offset] of settled)
      if (entries.get(partition)?.nextOffset === offset) entries.delete(partition);
  }

  async function untilCommitted(limitMs: number): Promise<void> {
    await settlesWithin(committing ?? Promise.resolve(), limitMs);
  }

  return {
    track: ({ partition, nextOffset, hasWakeUps, unreadable }) => {
      const entry = entries.get(partition) ?? { nextOffset, hasWakeUps: false, unreadable: [] };
      entry.nextOffset = nextOffset;
      entry.hasWakeUps ||= hasWakeUps;
      entry.unreadable.push(
        ...unreadable.map((deadLetter): Unreadable => ({ deadLetter, attempts: 0 })),
      );
      entries.set(partition, entry);
      committing ??= commitAll().finally(() => (committing = undefined));
    },
    assign: (partitions) => {
      for (const partition of entries.keys())
        if (!partitions.includes(partition)) entries.delete(partition);
    },
    waitForCapacity: async ({ heartbeat, isRunning }) => {
      while (countUnreadable(entries) > MAX_UNREADABLE && isRunning()) {
        await untilCommitted(heartbeatMs);
        await heartbeat();
      }
    },
    drain: async (limitMs) => {
      draining.abort();
      await untilCommitted(limitMs);
      hasEnded = true;
    },
  };
}

async function claimFor(
  entries: readonly Entry[],
  onWakeUp: Dependencies['onWakeUp'],
): Promise<void> {
  for (const entry of entries) entry.hasWakeUps = false;
  try {
    await onWakeUp();
  } catch (error) {
    for (const entry of entries) entry.hasWakeUps = true;
    throw error;
  }
}

/** Returns a function that removes the messages from the list as it stores them. */
function createUnreadableStore({
  onUnreadable,
  logger,
}: Pick<Dependencies, 'onUnreadable' | 'logger'>): (unreadable: Unreadable[]) => Promise<void> {
  function giveUpOrThrow({ deadLetter, attempts }: Unreadable, error: unknown): void {
    const isUnavailable = error instanceof ApiError && error.code === 'DEPENDENCY_UNAVAILABLE';
    if (isUnavailable || attempts < MAX_STORE_ATTEMPTS) throw error;
    const { topic, partition, offset, reason } = deadLetter;
    logger.error(
      { err: error, topic, partition, offset, reason },
      'failed to store an unreadable message; only its topic holds it',
    );
  }

  return async (unreadable) => {
    for (let first = unreadable[0]; first; first = unreadable[0]) {
      first.attempts += 1;
      await onUnreadable(first.deadLetter).catch((error: unknown) => giveUpOrThrow(first, error));
      unreadable.shift();
    }
  };
}

function countUnreadable(entries: ReadonlyMap<number, Entry>): number {
  return [...entries.values()].reduce((sum, { unreadable }) => sum + unreadable.length, 0);
}

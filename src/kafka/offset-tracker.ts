/**
 * What was read of a topic and is not settled yet. Settled means: a claim was tried for its
 * permits, what cannot be read is kept, and the offset is committed. What fails is tried again;
 * reading goes on meanwhile. Holds one place a partition, and the unreadable messages.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError } from '../errors.js';
import type { DeadLetter } from '../documents/ports.js';
import type { Logger } from '../runtime/logger.js';

/** What one batch of one partition held. */
export interface TrackedBatch {
  partition: number;
  /** Where to go on reading. */
  nextOffset: bigint;
  hasWakeUps: boolean;
  unreadable: readonly DeadLetter[];
}

export interface OffsetTracker {
  track(track: TrackedBatch): void;
  /** These partitions are ours now, no others; what was noted of others is their new owner's. */
  assign(partitions: readonly number[]): void;
  /** There are so many unreadable messages waiting to be kept that no more should be read. */
  isFull(): boolean;
  /**
   * Tries everything once more. Resolves when that has ended, or after `limitMs`; nothing is
   * settled afterwards.
   */
  drain(limitMs: number): Promise<void>;
  /** Resolves when the next round has ended, well or not, or after `limitMs`. */
  round(limitMs: number): Promise<void>;
}

interface Dependencies {
  /** Resolves when a claim was tried. */
  onWakeUp(): Promise<void> | void;
  onUnreadable(letter: DeadLetter): Promise<void>;
  commit(offsets: readonly { partition: number; offset: string }[]): Promise<void>;
  logger: Logger;
  retryMs?: number;
}

const RETRY_MS = 1_000;
const MAX_UNREADABLE = 100;
/**
 * After so many tries at keeping one message, with the database there, it is the message; the log
 * then says where it lies.
 */
const MAX_TRIES = 5;

interface Entry {
  nextOffset: bigint;
  hasWakeUps: boolean;
  unreadable: { letter: DeadLetter; tries: number }[];
}

export function createOffsetTracker({
  onWakeUp,
  onUnreadable,
  commit,
  logger,
  retryMs = RETRY_MS,
}: Dependencies): OffsetTracker {
  const entries = new Map<number, Entry>();
  const draining = new AbortController();
  let ended = false;
  let settling: Promise<void> | undefined;

  async function settleAll(): Promise<void> {
    while (entries.size > 0 && !ended) {
      try {
        await settle();
      } catch (error) {
        logger.warn({ err: error }, 'permits could not be settled; they are tried again');
        if (draining.signal.aborted) return;
        await sleep(retryMs, undefined, { signal: draining.signal }).catch(() => undefined);
      }
    }
  }

  async function settle(): Promise<void> {
    const round = new Map([...entries].map(([partition, entry]) => [partition, entry.nextOffset]));
    if ([...entries.values()].some((entry) => entry.hasWakeUps))
      await tryClaim([...entries.values()]);
    for (const entry of entries.values()) await keepUnreadable(entry);
    const settled = [...round].filter(([partition]) => entries.has(partition));
    if (settled.length > 0)
      await commit(settled.map(([partition, offset]) => ({ partition, offset: String(offset) })));
    for (const [partition, offset] of settled)
      if (entries.get(partition)?.nextOffset === offset) entries.delete(partition);
  }

  async function tryClaim(waiting: readonly Entry[]): Promise<void> {
    for (const entry of waiting) entry.hasWakeUps = false;
    try {
      await onWakeUp();
    } catch (error) {
      for (const entry of waiting) entry.hasWakeUps = true;
      throw error;
    }
  }

  async function keepUnreadable({ unreadable }: Entry): Promise<void> {
    for (let first = unreadable[0]; first; first = unreadable[0]) {
      first.tries += 1;
      await onUnreadable(first.letter).catch((error: unknown) => giveUpOrThrow(first, error));
      unreadable.shift();
    }
  }

  function giveUpOrThrow({ letter, tries }: Entry['unreadable'][number], error: unknown): void {
    const isAway = error instanceof ApiError && error.code === 'DEPENDENCY_UNAVAILABLE';
    if (isAway || tries < MAX_TRIES) throw error;
    const { topic, partition, offset, reason } = letter;
    logger.error(
      { err: error, topic, partition, offset, reason },
      'an unreadable message could not be kept; it lies in its topic only',
    );
  }

  return {
    track: ({ partition, nextOffset, hasWakeUps, unreadable }) => {
      const entry = entries.get(partition) ?? { nextOffset, hasWakeUps: false, unreadable: [] };
      entry.nextOffset = nextOffset;
      entry.hasWakeUps ||= hasWakeUps;
      entry.unreadable.push(...unreadable.map((letter) => ({ letter, tries: 0 })));
      entries.set(partition, entry);
      settling ??= settleAll().finally(() => (settling = undefined));
    },
    assign: (partitions) => {
      for (const partition of entries.keys())
        if (!partitions.includes(partition)) entries.delete(partition);
    },
    isFull: () =>
      [...entries.values()].reduce((sum, { unreadable }) => sum + unreadable.length, 0) >
      MAX_UNREADABLE,
    drain: async (limitMs) => {
      draining.abort();
      await Promise.race([settling, sleep(limitMs, undefined, { ref: false })]);
      ended = true;
    },
    round: async (limitMs) =>
      void (await Promise.race([settling, sleep(limitMs, undefined, { ref: false })])),
  };
}

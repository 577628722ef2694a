/**
 * Consumes wake-up messages: a message only says that there is work in PostgreSQL. The consumer has
 * one membership of the consumer group at a time.
 *
 *   start ──▶ joining ──group_join──▶ joined ──crash──▶ waiting ──▶ joining …
 *                │                       │                 │
 *                └──── final error ──────┴─────────────────┴──▶ onCrash
 *
 * A transient error leads to a new membership after a growing pause. kafkajs itself gives up after
 * the first error that it calls not retriable, such as that of a new Kafka without a coordinator.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import type { DeadLetter } from '../documents/ports.js';
import { ApiError, SetupError } from '../errors.js';
import type { Logger } from '../runtime/logger.js';
import { isTransient, toSetupError, toUnavailable } from './errors.js';
import { createGroupMember, type GroupMember } from './group-member.js';
import { retryUntilKnown } from './retry-until-known.js';

export interface JobConsumer {
  /**
   * Resolves with the first join. Throws a final error, or DEPENDENCY_UNAVAILABLE, after which it
   * may be called again.
   */
  start(): Promise<void>;
  /** Rejects with DEPENDENCY_UNAVAILABLE unless the consumer is a member of its group. */
  check(): Promise<void>;
  /** Leaves messages in the topic, for a worker without capacity. May be called at any time. */
  pause(): void;
  resume(): void;
  /**
   * Pauses, handles and commits the messages that were read, and leaves the group, so that other
   * members get the partitions at once.
   */
  stop(): Promise<void>;
}

interface Dependencies {
  kafka: Kafka;
  groupId: string;
  topic: string;
  /** Resolves after a claim, which uses the wake-up messages up. It is retried if it rejects. */
  onWakeUp(): Promise<void> | void;
  /** Resolves when the message is stored. May be called again for the same message. */
  onUnreadable(deadLetter: DeadLetter): Promise<void>;
  /** Called when the consumer has ended for good: the process must exit with a non-zero code. */
  onCrash(error: unknown): void;
  logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

export function createJobConsumer(dependencies: Dependencies): JobConsumer {
  const { groupId, onCrash } = dependencies;
  const stopping = new AbortController();
  let member: GroupMember | undefined;
  let isPaused = false;
  let stopped: Promise<void> | undefined;

  async function joinOnce(): Promise<void> {
    stopping.signal.throwIfAborted();
    const next = createGroupMember({ ...dependencies, onLost });
    next.setPaused(isPaused);
    member = next;
    try {
      await next.join();
    } catch (error) {
      await next.leave().catch(() => undefined);
      throw error;
    }
  }

  /** Throws DEPENDENCY_UNAVAILABLE for a transient error, else the final error. */
  async function join(): Promise<void> {
    try {
      await retryUntilKnown(joinOnce, stopping.signal);
    } catch (error) {
      if (stopping.signal.aborted || isTransient(error))
        throw toUnavailable(`no membership of the group ${groupId}`, error);
      throw toSetupError(error) ?? error;
    }
  }

  /**
   * The caller retries every error except a SetupError. Any other final error must end the process
   * from here.
   */
  async function start(): Promise<void> {
    try {
      await join();
    } catch (error) {
      if (!isTransient(error) && !(error instanceof SetupError)) onCrash(error);
      throw error;
    }
  }

  function onLost(error: unknown): void {
    if (stopping.signal.aborted) return;
    // The next membership reads again what this one has not committed.
    member?.leave().catch(() => undefined);
    void rejoin(error, { ...dependencies, join, signal: stopping.signal });
  }

  function setPaused(paused: boolean): void {
    isPaused = paused;
    member?.setPaused(paused);
  }

  async function leave(): Promise<void> {
    stopping.abort(new Error('the consumer stops'));
    await member?.leave();
  }

  return {
    start,
    check: () =>
      member?.isJoined()
        ? Promise.resolve()
        : Promise.reject(
            new ApiError('DEPENDENCY_UNAVAILABLE', `Kafka: no membership of the group ${groupId}.`),
          ),
    pause: () => setPaused(true),
    resume: () => setPaused(false),
    stop: () => (stopped ??= leave()),
  };
}

interface Rejoining extends Pick<Dependencies, 'groupId' | 'topic' | 'logger' | 'onCrash'> {
  join(): Promise<void>;
  /** Aborts when the consumer stops. */
  signal: AbortSignal;
}

/** Retries until the consumer has joined or is stopped, or an error is final. */
async function rejoin(
  lost: unknown,
  { join, signal, groupId, topic, logger, onCrash }: Rejoining,
): Promise<void> {
  let error = lost;
  for (
    let pauseMs = FIRST_PAUSE_MS;
    isTransient(error);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
  ) {
    logger.warn(
      { err: error, groupId, topic, retryInMs: pauseMs },
      'lost the membership of the consumer group; joining again',
    );
    try {
      await sleep(pauseMs, undefined, { signal });
      await join();
      logger.info({ groupId, topic }, 'joined the consumer group again');
      return;
    } catch (failure) {
      if (signal.aborted) return;
      error = failure;
    }
  }
  onCrash(toSetupError(error) ?? error);
}

/**
 * Reads permits: a message only says that there is work. Holds one membership of the consumer group
 * at a time.
 *
 *   start ──▶ joining ──group_join──▶ joined ──crash──▶ waiting ──▶ joining …
 *                │                       │                 │
 *                └──── final error ──────┴─────────────────┴──▶ onCrash
 *
 * Errors that waiting may cure lead to a new membership after a growing pause; kafkajs itself gives
 * up after the first one that it calls not retriable, such as a brand-new Kafka without a
 * coordinator.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import type { DeadLetter } from '../documents/ports.js';
import { ApiError, SetupError } from '../errors.js';
import { isTransient, toSetupError, toUnavailable } from './errors.js';
import { createGroupMember, type GroupMember } from './group-member.js';
import type { Logger } from '../runtime/logger.js';
import { untilKnown } from './until-known.js';

export interface JobConsumer {
  /**
   * Resolves with the first join. Throws DEPENDENCY_UNAVAILABLE, after which it may be called
   * again, or a final error.
   */
  start(): Promise<void>;
  /** Rejects while it is no member of its group. */
  check(): Promise<void>;
  /** The worker is full: messages stay in the topic. Quiet at any time. */
  pause(): void;
  resume(): void;
  /**
   * Pauses, settles and commits what was read, and leaves the group, so that others have its
   * partitions at once.
   */
  stop(): Promise<void>;
}

interface Dependencies {
  kafka: Kafka;
  groupId: string;
  topic: string;
  /** Resolves when a claim was tried; then the permit is spent. One that rejects is tried again. */
  onWakeUp(): Promise<void> | void;
  /** Resolves when the message is kept. May be called again for the same one. */
  onUnreadable(letter: DeadLetter): Promise<void>;
  /** The consumer has ended for good: the process must end too, with a non-zero code. */
  onCrash(error: unknown): void;
  logger: Logger;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

export function createJobConsumer(dependencies: Dependencies): JobConsumer {
  const { groupId, topic, logger, onCrash } = dependencies;
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

  /** Throws DEPENDENCY_UNAVAILABLE where waiting may help, else the final error. */
  async function join(): Promise<void> {
    try {
      await untilKnown(joinOnce, stopping.signal);
    } catch (error) {
      if (stopping.signal.aborted || isTransient(error))
        throw toUnavailable(`no membership of the group ${groupId}`, error);
      throw toSetupError(error) ?? error;
    }
  }

  /**
   * Whoever opens the consumer repeats all but a SetupError: any other final error must end the
   * process from here.
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
    // What it noted and did not commit is read again by the next membership.
    member?.leave().catch(() => undefined);
    void rejoin(error);
  }

  /** Until it has joined, the consumer stops, or an error is final. */
  async function rejoin(lost: unknown): Promise<void> {
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
        await sleep(pauseMs, undefined, { signal: stopping.signal });
        await join();
        return logger.info({ groupId, topic }, 'joined the consumer group again');
      } catch (failure) {
        if (stopping.signal.aborted) return;
        error = failure;
      }
    }
    onCrash(toSetupError(error) ?? error);
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

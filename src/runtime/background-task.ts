/**
 * A job that runs again and again until there is no more work. A signal or the task's own tick
 * starts it, whichever comes first.
 *
 *     STOPPED ──start──► IDLE ──signal or tick──► RUNNING ──no more work──► IDLE
 *                                                  │   ▲
 *                                                  └───┘ more work, or a signal during the run
 *
 *     any ──stop──► STOPPED, once the current run has ended
 *
 * Only one run is active at a time. A failed run is logged and repeated with the next tick.
 */
import { systemClock, type Clock } from './clock.js';
import type { Logger } from './logger.js';

export interface BackgroundTask {
  start(): void;
  /** Signals that there may be work. */
  wake(): void;
  stop(): Promise<void>;
}

interface Options {
  /** Names the task in the log. */
  name: string;
  /** Returns true if there may be more work now. */
  run: () => Promise<boolean>;
  tickMs: number;
  logger: Pick<Logger, 'warn'>;
  clock?: Clock;
}

export function createBackgroundTask({
  name,
  run,
  tickMs,
  logger,
  clock = systemClock,
}: Options): BackgroundTask {
  let stopTicking: (() => void) | undefined;
  let currentRun: Promise<void> | undefined;
  let rerun = false;

  async function runUntilIdle(): Promise<void> {
    do {
      rerun = false;
      const hasMore = await run().catch((error: unknown) => {
        logger.warn(
          { err: error, task: name },
          'background task failed; retrying at the next tick',
        );
        return false;
      });
      rerun ||= hasMore;
    } while (rerun && stopTicking !== undefined);
  }

  function wake(): void {
    rerun = true;
    if (stopTicking === undefined || currentRun) return;
    currentRun = runUntilIdle().finally(() => {
      currentRun = undefined;
      // A signal can arrive after the last check of `rerun` and before this line.
      if (rerun) wake();
    });
  }

  return {
    start: () => {
      stopTicking = clock.every(tickMs, wake);
      wake();
    },
    wake,
    stop: async () => {
      stopTicking?.();
      stopTicking = undefined;
      await currentRun;
    },
  };
}

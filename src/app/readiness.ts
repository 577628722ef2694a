import { setTimeout as sleep } from 'node:timers/promises';
import type { HealthCheck } from '../api/http/health.js';
import { SetupError } from '../errors.js';
import type { Logger } from '../runtime/logger.js';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;

/** The dependencies of a process: which of them it is still waiting for, and which respond. */
export interface Readiness {
  checks(): readonly HealthCheck[];
  /**
   * Opens a dependency and retries until it responds. Meanwhile the process is alive but not ready,
   * and logs what it is waiting for. A SetupError is not retried. Rejects with
   * StoppedWhileWaitingError after `stop`.
   */
  open<Result>(name: string, open: () => Promise<Result>): Promise<Result>;
  /** Adds the check of a dependency that is open. */
  add(check: HealthCheck): void;
  /** Marks the start as complete. From then on only the checks decide. */
  started(): void;
  stop(): void;
}

export class StoppedWhileWaitingError extends Error {
  override readonly name = 'StoppedWhileWaitingError';
}

export function createReadiness({ logger }: { logger: Logger }): Readiness {
  const checks: HealthCheck[] = [];
  const stopping = new AbortController();
  const starting = createFailingCheck('start', 'still starting');
  checks.push(starting);

  async function open<Result>(name: string, openOnce: () => Promise<Result>): Promise<Result> {
    const waiting = createFailingCheck(name, 'no response yet');
    checks.push(waiting);
    try {
      return await openWithRetry(name, openOnce);
    } finally {
      remove(waiting);
    }
  }

  async function openWithRetry<Result>(
    name: string,
    openOnce: () => Promise<Result>,
  ): Promise<Result> {
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
      try {
        return await openOnce();
      } catch (error) {
        if (error instanceof SetupError) throw error;
        logger.warn(
          { err: error, dependency: name, retryInMs: waitMs },
          'failed to open a dependency; retrying',
        );
      }
      await waitUnlessStopped(waitMs, stopping.signal);
    }
  }

  function remove(check: HealthCheck): void {
    checks.splice(checks.indexOf(check), 1);
  }

  return {
    checks: () => checks,
    open,
    add: (check) => void checks.push(check),
    started: () => remove(starting),
    stop: () => stopping.abort(new StoppedWhileWaitingError('the process is stopping')),
  };
}

function createFailingCheck(name: string, reason: string): HealthCheck {
  return { name, check: () => Promise.reject(new Error(reason)) };
}

/** Rejects with the reason of the signal, as soon as it aborts. */
async function waitUnlessStopped(ms: number, signal: AbortSignal): Promise<void> {
  // The timer rejects with an AbortError; the caller needs the reason.
  await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}

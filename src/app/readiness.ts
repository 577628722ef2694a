import type { HealthCheck } from '../api/http/health.js';
import { SetupError } from '../errors.js';
import type { Logger } from '../runtime/logger.js';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;

/** What this process needs, whether it answers, and what the process is still waiting for. */
export interface Readiness {
  parts(): readonly HealthCheck[];
  /**
   * Opens a part that may be absent for a while: the process is alive meanwhile, not ready, and
   * says for what it waits. SetupError is final.
   */
  open<Result>(name: string, open: () => Promise<Result>): Promise<Result>;
  /** A part that was opened, and the question that it answers while it works. */
  add(part: HealthCheck): void;
  /** From here on the parts decide. */
  started(): void;
  stop(): void;
}

export class StoppedWhileWaitingError extends Error {
  override readonly name = 'StoppedWhileWaitingError';
}

export function createReadiness({ logger }: { logger: Logger }): Readiness {
  const parts: HealthCheck[] = [];
  const stopping = new AbortController();
  const starting: HealthCheck = {
    name: 'start',
    check: () => Promise.reject(new Error('still starting')),
  };
  parts.push(starting);

  async function open<Result>(name: string, openPart: () => Promise<Result>): Promise<Result> {
    const waiting: HealthCheck = {
      name,
      check: () => Promise.reject(new Error('does not answer yet')),
    };
    parts.push(waiting);
    try {
      return await openPatiently(name, openPart);
    } finally {
      remove(waiting);
    }
  }

  async function openPatiently<Result>(
    name: string,
    openPart: () => Promise<Result>,
  ): Promise<Result> {
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
      try {
        return await openPart();
      } catch (error) {
        if (error instanceof SetupError) throw error;
        logger.warn({ err: error, part: name, retryInMs: waitMs }, `waiting for ${name}`);
      }
      await pause(waitMs, stopping.signal);
    }
  }

  function remove(part: HealthCheck): void {
    parts.splice(parts.indexOf(part), 1);
  }

  return {
    parts: () => parts,
    open,
    add: (part) => void parts.push(part),
    started: () => remove(starting),
    stop: () => stopping.abort(new StoppedWhileWaitingError('the process stops')),
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, ms);
  const stop = () => over.reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  await over.promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  });
}

/**
 * Admits requests. Users take turns, and each turn of the event loop admits one waiting request:
 * between two requests, the event loop serves all other work.
 *
 *     enter ─► admitted ─► released
 *     enter ─► waiting ─► admitted | aborted
 *     enter ─► rejected
 */
import { ApiError } from '../errors.js';

export interface Admission {
  /**
   * Waits for admission. Resolves to the function that releases the request, which may be called
   * twice. Rejects with RATE_LIMITED if too many requests of this owner wait, with
   * DEPENDENCY_UNAVAILABLE if too many requests wait in all, and with the signal's reason.
   */
  enter(owner: string, signal: AbortSignal): Promise<() => void>;
}

export interface AdmissionOptions {
  /** Maximum number of requests of one owner that are admitted and not released. */
  running: number;
  /** Maximum number of waiting requests of one owner. */
  waiting: number;
  /** Maximum number of waiting requests of all owners. */
  totalWaiting: number;
}

interface Waiter {
  admit: () => void;
}

interface Owner {
  running: number;
  waiters: Set<Waiter>;
}

export function createAdmission(options: AdmissionOptions): Admission {
  const owners = new Map<string, Owner>();
  let waiting = 0;
  let scheduled = false;

  function schedule(): void {
    if (scheduled || waiting === 0) return;
    scheduled = true;
    setImmediate(admitNext);
  }

  /** Admits a request of the first eligible owner, and moves the owner to the end. */
  function admitNext(): void {
    scheduled = false;
    for (const [name, owner] of owners) {
      const [waiter] = owner.waiters;
      if (!waiter || owner.running >= options.running) continue;
      owners.delete(name);
      owners.set(name, owner);
      waiter.admit();
      schedule();
      return;
    }
  }

  function release(name: string, owner: Owner): void {
    owner.running -= 1;
    removeIdle(name, owner);
    schedule();
  }

  function removeIdle(name: string, owner: Owner): void {
    if (owner.running === 0 && owner.waiters.size === 0 && owners.get(name) === owner)
      owners.delete(name);
  }

  function wait(name: string, owner: Owner, signal: AbortSignal): Promise<void> {
    const admitted = Promise.withResolvers<void>();
    const stopWaiting = (): void => {
      owner.waiters.delete(waiter);
      waiting -= 1;
      signal.removeEventListener('abort', abort);
    };
    const abort = (): void => {
      stopWaiting();
      removeIdle(name, owner);
      admitted.reject(signal.reason);
    };
    const waiter: Waiter = {
      admit: () => {
        stopWaiting();
        owner.running += 1;
        admitted.resolve();
      },
    };
    owner.waiters.add(waiter);
    waiting += 1;
    signal.addEventListener('abort', abort, { once: true });
    schedule();
    return admitted.promise;
  }

  return {
    enter: async (name, signal) => {
      signal.throwIfAborted();
      const owner = owners.get(name) ?? { running: 0, waiters: new Set() };
      if (owner.waiters.size >= options.waiting) throw tooManyWaiting(options.waiting);
      if (waiting >= options.totalWaiting) throw overloaded();
      owners.set(name, owner);
      await wait(name, owner, signal);
      let isReleased = false;
      return () => {
        if (!isReleased) release(name, owner);
        isReleased = true;
      };
    },
  };
}

function tooManyWaiting(limit: number): ApiError {
  const message = `More than ${limit} requests of this user are waiting. Send fewer at the same time.`;
  return new ApiError('RATE_LIMITED', message, { limit, retryAfterSeconds: 1 });
}

function overloaded(): ApiError {
  return new ApiError(
    'DEPENDENCY_UNAVAILABLE',
    'The server has too many requests waiting. Try again later.',
    { retryAfterSeconds: 5 },
  );
}

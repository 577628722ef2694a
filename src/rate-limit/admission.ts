/**
 * Lets requests in, users in turn and one in a turn of the event loop while others wait: what is
 * parsed, validated and executed without a pause is short, and between two of them the loop serves
 * everybody else.
 *
 *     enter ─► admitted ─► released          enter ─► waiting ─► admitted | aborted          enter ─► refused
 */
import { ApiError } from '../errors.js';

export interface Admission {
  /**
   * Resolves to the way to leave again, which may be called twice. Rejects with RATE_LIMITED when
   * too many of this owner wait, with DEPENDENCY_UNAVAILABLE when too many wait at all, and with
   * the signal's reason.
   */
  enter(owner: string, signal: AbortSignal): Promise<() => void>;
}

export interface AdmissionOptions {
  /** Of one owner, admitted and not released yet. */
  running: number;
  /** Of one owner, waiting. */
  waiting: number;
  /** Of all owners, waiting. */
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

  /** The first owner that may is moved to the end, so that owners take turns. */
  function admitNext(): void {
    scheduled = false;
    for (const [name, owner] of owners) {
      const [waiter] = owner.waiters;
      if (!waiter || owner.running >= options.running) continue;
      owners.delete(name);
      owners.set(name, owner);
      waiter.admit();
      return schedule();
    }
  }

  function release(name: string, owner: Owner): void {
    owner.running -= 1;
    forget(name, owner);
    schedule();
  }

  function forget(name: string, owner: Owner): void {
    if (owner.running === 0 && owner.waiters.size === 0 && owners.get(name) === owner)
      owners.delete(name);
  }

  function wait(name: string, owner: Owner, signal: AbortSignal): Promise<void> {
    const admitted = Promise.withResolvers<void>();
    const leave = (): void => {
      owner.waiters.delete(waiter);
      waiting -= 1;
      signal.removeEventListener('abort', abort);
    };
    const abort = (): void => {
      leave();
      forget(name, owner);
      admitted.reject(signal.reason);
    };
    const waiter: Waiter = {
      admit: () => {
        leave();
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
    async enter(name, signal) {
      signal.throwIfAborted();
      const owner = owners.get(name) ?? { running: 0, waiters: new Set() };
      if (owner.waiters.size >= options.waiting) throw tooManyWaiting(options.waiting);
      if (waiting >= options.totalWaiting) throw busy();
      owners.set(name, owner);
      await wait(name, owner, signal);
      let inside = true;
      return () => {
        if (inside) release(name, owner);
        inside = false;
      };
    },
  };
}

function tooManyWaiting(limit: number): ApiError {
  const message = `More than ${limit} requests of this user are waiting. Send fewer at once.`;
  return new ApiError('RATE_LIMITED', message, { limit, retryAfterSeconds: 1 });
}

function busy(): ApiError {
  return new ApiError(
    'DEPENDENCY_UNAVAILABLE',
    'The server has too many requests waiting. Try again later.',
    { retryAfterSeconds: 5 },
  );
}

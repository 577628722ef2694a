/**
 * The executor: asks PostgreSQL for the best due documents whenever it has room, holds their leases
 * while they are processed, and writes what became of each. A message, or its own slow tick, makes
 * it ask; which document is next is never the message's business.
 */
import type { NotifyCommitted } from './commit-notifier.js';
import type { Document } from './document.js';
import { LeaseLostError, type LeaseRenewer } from './lease-renewer.js';
import { createPlaces, type Place } from './places.js';
import type { Claim, DocumentStore } from './ports.js';
import type { ProcessDocument } from './process-document.js';
import { toFailureChange } from './retry.js';
import { isRunning } from './status.js';

export interface Worker {
  start(): void;
  /**
   * There may be work. Resolves when the queue was asked after this; a worker that is full waits
   * until it has room.
   */
  wake(): Promise<void>;
  /**
   * Takes no more work, lets what runs finish within `drainMs`, and puts the rest back into the
   * queue.
   */
  stop(drainMs: number): Promise<void>;
  /** Documents that are being worked on while others wait for their places; 0 when none wait. */
  followed(): number;
}

/** Where a person looks when something unexpected happened. */
export interface WorkerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

interface Dependencies {
  store: DocumentStore;
  process: ProcessDocument;
  leases: LeaseRenewer;
  notifyCommitted: NotifyCommitted;
  logger: WorkerLog;
  concurrency: number;
  /** Files that are read at once. */
  readers: number;
  maxRunningPerUser: number;
  leaseMs: number;
  retryDelaysMs: readonly number[];
  /** Called when this worker has no more room, and when it has some again. */
  onCapacityExhausted?: () => void;
  onCapacityAvailable?: () => void;
}

const TICK_MS = 1_000;
/**
 * What ends within so many milliseconds is one claim: a claim of one costs as much as one of many.
 */
const GATHER_MS = 4;
/**
 * While places or readers are scarce and the last claim took nothing, messages alone make the next
 * one no sooner than this.
 */
const SCARCE_MS = 50;

class StoppedError extends Error {
  override readonly name = 'StoppedError';
}

export function createWorker(dependencies: Dependencies): Worker {
  const { store, leases, notifyCommitted, logger, concurrency, readers } = dependencies;
  const places = createPlaces({ concurrency, readers });
  const running = new Set<Promise<void>>();
  const stopping = new AbortController();
  let tick: NodeJS.Timeout | undefined;
  let claiming: Promise<void> | undefined;
  let claimingNext: Promise<void> | undefined;
  let roomAgain: PromiseWithResolvers<void> | undefined;
  let gathering: NodeJS.Timeout | undefined;
  let accepting = false;
  /** The last claim took all that one user may have. */
  let isBehind = false;
  let tookNothing = false;
  let pausing: PromiseWithResolvers<void> | undefined;

  /**
   * A wake during a claim is served by the next one: what it tells of may have been committed after
   * the claim had looked.
   */
  function wake(): Promise<void> {
    if (!accepting) return Promise.resolve();
    if (places.free() === 0) return waitForRoom();
    if (claiming) return (claimingNext ??= claiming.then(wakeNext));
    const claim = tookNothing && places.isScarce() ? pause().then(claimOnce) : claimOnce();
    claiming = claim.finally(() => {
      claiming = undefined;
    });
    return claiming;
  }

  function wakeNext(): Promise<void> {
    claimingNext = undefined;
    return wake();
  }

  function waitForRoom(): Promise<void> {
    if (!roomAgain) dependencies.onCapacityExhausted?.();
    roomAgain ??= Promise.withResolvers();
    return roomAgain.promise.then(wake);
  }

  function tellRoom(): void {
    if (roomAgain) dependencies.onCapacityAvailable?.();
    roomAgain?.resolve();
    roomAgain = undefined;
  }

  /** Ends early when a place or a reader becomes free. */
  async function pause(): Promise<void> {
    pausing = Promise.withResolvers();
    const timer = setTimeout(pausing.resolve, SCARCE_MS);
    await pausing.promise;
    clearTimeout(timer);
  }

  function makeRoom(): void {
    clearTimeout(gathering);
    gathering = undefined;
    tookNothing = false;
    pausing?.resolve();
    tellRoom();
    void wake();
  }

  function makeRoomSoon(): void {
    gathering ??= setTimeout(makeRoom, GATHER_MS);
  }

  async function claimOnce(): Promise<void> {
    if (!accepting) return;
    try {
      const limit = places.free();
      const { leaseMs, maxRunningPerUser: maxPerUser } = dependencies;
      const limits = places.limits();
      const { claims, events } = await store.claim({ limit, leaseMs, maxPerUser, limits });
      noteTaken(claims.length, limit - limits.reservedPlaces);
      notifyCommitted(events);
      for (const claim of claims) begin(claim);
    } catch (error) {
      logger.warn({ err: error }, 'the queue could not be read; asking again soon');
    }
  }

  /**
   * A claim that finds only reserved places free, and takes none, says nothing about what waits.
   */
  function noteTaken(taken: number, shared: number): void {
    if (taken > 0 || shared > 0) isBehind = taken >= Math.max(1, shared);
    tookNothing = taken === 0;
  }

  function begin(claim: Claim): void {
    const place = places.take(claim.document);
    const task: Promise<void> = runOne(claim, place).finally(() => {
      running.delete(task);
      place.release();
      if (running.size === 0) makeRoom();
      else makeRoomSoon();
    });
    running.add(task);
  }

  async function runOne(claim: Claim, place: Place): Promise<void> {
    const lease = leases.hold(claim, stopping.signal);
    const { signal, change, progress } = lease;
    const onRead = () => {
      if (place.endReading()) makeRoomSoon();
    };
    try {
      await dependencies.process({ claim, signal, change, progress, onRead });
    } catch (error) {
      await settle(lease.document(), lease.change, error);
    } finally {
      lease.release();
    }
  }

  async function settle(
    document: Document,
    change: ReturnType<LeaseRenewer['hold']>['change'],
    error: unknown,
  ): Promise<void> {
    const fields = {
      documentId: document.id,
      generation: document.generation,
      attempt: document.attempt,
    };
    if (error instanceof LeaseLostError || !isRunning(document.status)) {
      logger.info({ ...fields, reason: describeError(error) }, 'document taken from this worker');
      return;
    }
    const { to, set } = stopping.signal.aborted
      ? { to: 'PENDING' as const, set: {} }
      : toFailureChange(document, error, {
          retryDelaysMs: dependencies.retryDelaysMs,
          now: new Date(),
        });
    logger.warn({ ...fields, to, err: error }, 'a try at a document has ended without success');
    await change({ to, ...(set && { set }) }).catch((failure: unknown) => {
      // It was deleted or cancelled meanwhile: nobody waits for its outcome.
      if (failure instanceof LeaseLostError)
        return logger.info(
          { ...fields, reason: failure.message },
          'document taken from this worker',
        );
      logger.error(
        { ...fields, err: failure },
        'the outcome could not be written; the lease will run out and another try begin',
      );
    });
  }

  return {
    start: () => {
      accepting = true;
      tick = setInterval(() => void wake(), TICK_MS);
      void wake();
    },
    wake,
    followed: () => (isBehind ? running.size : 0),
    stop: async (drainMs) => {
      accepting = false;
      clearInterval(tick);
      clearTimeout(gathering);
      pausing?.resolve();
      tellRoom();
      await claiming;
      const timer = setTimeout(
        () => stopping.abort(new StoppedError('this worker stops')),
        drainMs,
      );
      await Promise.all(running);
      clearTimeout(timer);
    },
  };
}

function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * The executor: asks PostgreSQL for the best due documents whenever it has room, holds their leases while they are processed, and
 * writes what became of each. A message, or its own slow tick, makes it ask; which document is next is never the message's business.
 */
import type { Announce } from './announce.js';
import type { Document } from './document.js';
import { LeaseLostError, type LeaseKeeper } from './lease-keeper.js';
import type { Claim, DocumentStore } from './ports.js';
import type { ProcessDocument } from './process-document.js';
import { toFailureChange } from './retry.js';
import { isRunning } from './status.js';

export interface Worker {
  start(): void;
  /** There may be work. Resolves when the queue was asked after this; a worker that is full waits until it has room. */
  wake(): Promise<void>;
  /** Takes no more work, lets what runs finish within `drainMs`, and puts the rest back into the queue. */
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
  leases: LeaseKeeper;
  announce: Announce;
  log: WorkerLog;
  concurrency: number;
  maxRunningPerUser: number;
  leaseMs: number;
  retryDelaysMs: readonly number[];
  /** Called when this worker has no more room, and when it has some again. */
  onFull?: () => void;
  onRoom?: () => void;
}

const TICK_MS = 1_000;
/** What ends within so many milliseconds is one claim: a claim of one costs as much as one of many. */
const GATHER_MS = 4;

class StoppedError extends Error {
  override readonly name = 'StoppedError';
}

export function createWorker(dependencies: Dependencies): Worker {
  const { store, leases, announce, log, concurrency } = dependencies;
  const running = new Set<Promise<void>>();
  const stopping = new AbortController();
  let tick: NodeJS.Timeout | undefined;
  let claiming: Promise<void> | undefined;
  let claimingNext: Promise<void> | undefined;
  let roomAgain: PromiseWithResolvers<void> | undefined;
  let gathering: NodeJS.Timeout | undefined;
  let accepting = false;
  /** The last claim took all that there was room for. */
  let isBehind = false;

  /** A wake during a claim is served by the next one: what it tells of may have been committed after the claim had looked. */
  function wake(): Promise<void> {
    if (!accepting) return Promise.resolve();
    if (running.size >= concurrency) return waitForRoom();
    if (claiming) return (claimingNext ??= claiming.then(wakeNext));
    claiming = claimOnce().finally(() => {
      claiming = undefined;
    });
    return claiming;
  }

  function wakeNext(): Promise<void> {
    claimingNext = undefined;
    return wake();
  }

  function waitForRoom(): Promise<void> {
    if (!roomAgain) dependencies.onFull?.();
    roomAgain ??= Promise.withResolvers();
    return roomAgain.promise.then(wake);
  }

  function tellRoom(): void {
    if (roomAgain) dependencies.onRoom?.();
    roomAgain?.resolve();
    roomAgain = undefined;
  }

  function makeRoom(): void {
    clearTimeout(gathering);
    gathering = undefined;
    tellRoom();
    void wake();
  }

  async function claimOnce(): Promise<void> {
    try {
      const limit = concurrency - running.size;
      const { claims, events } = await store.claim({ limit, leaseMs: dependencies.leaseMs, maxPerUser: dependencies.maxRunningPerUser });
      isBehind = claims.length === limit;
      announce(events);
      for (const claim of claims) begin(claim);
    } catch (error) {
      log.warn({ err: error }, 'the queue could not be read; asking again soon');
    }
  }

  function begin(claim: Claim): void {
    const task: Promise<void> = runOne(claim).finally(() => {
      running.delete(task);
      if (running.size === 0) makeRoom();
      else gathering ??= setTimeout(makeRoom, GATHER_MS);
    });
    running.add(task);
  }

  async function runOne(claim: Claim): Promise<void> {
    const lease = leases.hold(claim, stopping.signal);
    try {
      await dependencies.process({ claim, signal: lease.signal, change: lease.change, progress: lease.progress });
    } catch (error) {
      await settle(lease.document(), lease.change, error);
    } finally {
      lease.release();
    }
  }

  async function settle(document: Document, change: ReturnType<LeaseKeeper['hold']>['change'], error: unknown): Promise<void> {
    const fields = { documentId: document.id, generation: document.generation, attempt: document.attempt };
    if (error instanceof LeaseLostError || !isRunning(document.status)) {
      log.info({ ...fields, reason: describeError(error) }, 'document taken from this worker');
      return;
    }
    const { to, set } = stopping.signal.aborted
      ? { to: 'PENDING' as const, set: {} }
      : toFailureChange(document, error, { retryDelaysMs: dependencies.retryDelaysMs, now: new Date() });
    log.warn({ ...fields, to, err: error }, 'a try at a document has ended without success');
    await change({ to, ...(set && { set }) }).catch((failure: unknown) => {
      log.error({ ...fields, err: failure }, 'the outcome could not be written; the lease will run out and another try begin');
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
      tellRoom();
      await claiming;
      const timer = setTimeout(() => stopping.abort(new StoppedError('this worker stops')), drainMs);
      await Promise.all(running);
      clearTimeout(timer);
    },
  };
}

function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

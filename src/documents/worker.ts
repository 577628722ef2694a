/**
 * Claims due documents from PostgreSQL while slots are free, holds their leases while they are
 * processed, and writes the outcome of every attempt. claim-loop.ts decides when it claims.
 */
import { systemClock, type Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import {
  createClaimLoop,
  toClaimOutcome,
  type ClaimLoop,
  type ClaimLoopOptions,
  type ClaimOutcome,
} from './claim-loop.js';
import type { NotifyCommitted } from './commit-notifier.js';
import type { Document } from './document.js';
import { LeaseLostError, type Lease, type LeaseRenewer } from './lease-renewer.js';
import type { Claim, Demand, DocumentStore } from './ports.js';
import type { AttemptChange, ProcessAttempt } from './process-attempt.js';
import { toFailureChange } from './retry.js';
import { isRunning } from './status.js';
import { createWorkerSlots, type Slot, type WorkerSlots } from './worker-slots.js';

export interface Worker extends Demand, Pick<ClaimLoop, 'wake'> {
  start(): void;
  /**
   * Claims no more documents, lets attempts finish within `drainMs`, and returns the other
   * documents to the queue.
   */
  stop(drainMs: number): Promise<void>;
}

interface Dependencies extends Pick<
  ClaimLoopOptions,
  'onCapacityExhausted' | 'onCapacityAvailable' | 'clock'
> {
  store: DocumentStore;
  processAttempt: ProcessAttempt;
  leases: LeaseRenewer;
  notifyCommitted: NotifyCommitted;
  logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Documents that are processed at the same time. */
  concurrency: number;
  /** Files that are read at the same time. */
  readers: number;
  maxRunningPerUser: number;
  leaseMs: number;
  retryDelaysMs: readonly number[];
}

class StoppedError extends Error {
  override readonly name = 'StoppedError';
}

export function createWorker(dependencies: Dependencies): Worker {
  const { store, notifyCommitted, logger, clock = systemClock } = dependencies;
  const { concurrency, readers, leaseMs, maxRunningPerUser: maxPerUser } = dependencies;
  const slots = createWorkerSlots({ concurrency, readers, now: clock.now });
  const { onCapacityExhausted, onCapacityAvailable } = dependencies;
  const loop = createClaimLoop({ claim, slots, clock, onCapacityExhausted, onCapacityAvailable });
  const attempts = createAttempts(dependencies, { slots, loop, clock });

  async function claim(last: ClaimOutcome): Promise<ClaimOutcome | null> {
    try {
      const limit = slots.free();
      const limits = slots.limits();
      const { claims, events } = await store.claim({ limit, leaseMs, maxPerUser, limits });
      notifyCommitted(events);
      for (const claimed of claims) attempts.start(claimed);
      const sharedSlots = limit - limits.reservedSlots;
      return toClaimOutcome(last, { taken: claims.length, sharedSlots });
    } catch (error) {
      logger.warn({ err: error }, 'failed to claim documents; retrying soon');
      return null;
    }
  }

  return {
    start: loop.start,
    wake: loop.wake,
    pendingDocuments: () => (loop.lastOutcome().isBehind ? attempts.running() : 0),
    stop: async (drainMs) => {
      await loop.stop();
      await attempts.drain(drainMs);
    },
  };
}

/** The attempts that run in this process. */
interface Attempts {
  start(claim: Claim): void;
  running(): number;
  /** Waits for all attempts, and aborts those that have not ended after `drainMs`. */
  drain(drainMs: number): Promise<void>;
}

function createAttempts(
  dependencies: Dependencies,
  { slots, loop, clock }: { slots: WorkerSlots; loop: ClaimLoop; clock: Clock },
): Attempts {
  const { leases, processAttempt } = dependencies;
  const running = new Set<Promise<void>>();
  const stopping = new AbortController();
  const recordFailure = createRecordFailure(dependencies, stopping.signal);

  async function runAttempt(claim: Claim, slot: Slot): Promise<void> {
    const lease = leases.hold(claim, stopping.signal);
    const { signal, change, reportProgress } = lease;
    const onRead = () => {
      if (slot.endReading()) loop.claimFreedSoon();
    };
    try {
      await processAttempt({ claim, signal, change, reportProgress, onRead });
    } catch (error) {
      await recordFailure(lease, error);
    } finally {
      lease.release();
    }
  }

  return {
    start: (claim) => {
      const slot = slots.take(claim.document);
      const attempt: Promise<void> = runAttempt(claim, slot).finally(() => {
        running.delete(attempt);
        slot.release();
        if (running.size === 0) loop.claimFreed();
        else loop.claimFreedSoon();
      });
      running.add(attempt);
    },
    running: () => running.size,
    drain: async (drainMs) => {
      const cancelDeadline = clock.after(drainMs, () =>
        stopping.abort(new StoppedError('the worker is stopping')),
      );
      await Promise.all(running);
      cancelDeadline();
    },
  };
}

/** Returns the function that writes the outcome of a failed attempt. It never rejects. */
function createRecordFailure(
  { logger, retryDelaysMs }: Pick<Dependencies, 'logger' | 'retryDelaysMs'>,
  stopping: AbortSignal,
): (lease: Lease, error: unknown) => Promise<void> {
  function logLost(fields: object, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    logger.info({ ...fields, reason }, 'the document is no longer assigned to this worker');
  }

  return async (lease, error) => {
    const document = lease.document();
    const { id: documentId, generation, attempt } = document;
    const fields = { documentId, generation, attempt };
    if (error instanceof LeaseLostError || !isRunning(document.status)) {
      logLost(fields, error);
      return;
    }
    const change = toOutcome(document, error, { isStopping: stopping.aborted, retryDelaysMs });
    logger.warn({ ...fields, to: change.to, err: error }, 'processing attempt failed');
    try {
      await lease.change(change);
    } catch (failure) {
      // The document was deleted or cancelled during the attempt: its outcome is not needed.
      if (failure instanceof LeaseLostError) logLost(fields, failure);
      else
        logger.error(
          { ...fields, err: failure },
          'failed to save the outcome; the document is retried when its lease expires',
        );
    }
  };
}

/** Returns the change that ends an attempt. An attempt that `stop` interrupted has not failed. */
function toOutcome(
  document: Document,
  error: unknown,
  { isStopping, retryDelaysMs }: { isStopping: boolean; retryDelaysMs: readonly number[] },
): AttemptChange {
  if (isStopping) return { to: 'PENDING', set: {} };
  const { to, set } = toFailureChange(document, error, { retryDelaysMs, now: new Date() });
  return { to, ...(set && { set }) };
}

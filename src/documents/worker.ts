/**
 * Claims due documents from PostgreSQL while slots are free, holds their leases while they are
 * processed, and writes the outcome of every attempt. A wake-up message or the worker's own tick
 * leads to a claim; the queue alone decides which document is next.
 *
 *     STOPPED ── start ──► IDLE
 *
 *     IDLE ── wake-up ──► no slot is free?                     ──► FULL
 *                         slots or readers are scarce, and
 *                         the last claim took nothing?         ──► PAUSING
 *                         otherwise                            ──► CLAIMING
 *
 *     FULL     ── capacity is freed ──► CLAIMING
 *     PAUSING  ── 50 ms have passed, or capacity is freed ──► CLAIMING
 *     CLAIMING ── the claim has ended ──► IDLE
 *
 *     any ── stop ──► STOPPED
 *
 * A wake-up while CLAIMING leads to another claim: what it signals may have been committed after
 * the current claim has looked.
 */
import { systemClock, type Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import type { NotifyCommitted } from './commit-notifier.js';
import type { Document } from './document.js';
import { LeaseLostError, type Lease, type LeaseRenewer } from './lease-renewer.js';
import type { Claim, Demand, DocumentStore } from './ports.js';
import type { AttemptChange, ProcessAttempt } from './process-attempt.js';
import { toFailureChange } from './retry.js';
import { isRunning } from './status.js';
import { createWorkerSlots, type Slot, type WorkerSlots } from './worker-slots.js';

export interface Worker extends Demand {
  start(): void;
  /**
   * Signals that there may be work. Resolves after a claim that started later than this call; if
   * no slot is free, that claim waits for one.
   */
  wake(): Promise<void>;
  /**
   * Claims no more documents, lets attempts finish within `drainMs`, and returns the other
   * documents to the queue.
   */
  stop(drainMs: number): Promise<void>;
}

interface Dependencies {
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
  /** Called when the worker enters FULL, and when it leaves FULL. */
  onCapacityExhausted?: () => void;
  onCapacityAvailable?: () => void;
  clock?: Clock;
}

const TICK_MS = 1_000;
/** Attempts that end within this time lead to one claim, which costs as much as a claim of one. */
const COALESCE_MS = 4;
const SCARCE_PAUSE_MS = 50;

export type Phase = 'STOPPED' | 'IDLE' | 'PAUSING' | 'CLAIMING' | 'FULL';

/** What a claim showed about the queue. */
export interface ClaimOutcome {
  tookNothing: boolean;
  /** True if the claim took all that one user may have, so that more documents may wait. */
  isBehind: boolean;
}

interface State {
  phase: Phase;
  /** Wake-ups that the next claim serves. */
  nextClaim: PromiseWithResolvers<void> | undefined;
  currentClaim: Promise<void> | undefined;
  lastOutcome: ClaimOutcome;
}

class StoppedError extends Error {
  override readonly name = 'StoppedError';
}

/** Returns the phase that follows, as the diagram above shows. */
export function nextPhase(
  { phase, isWoken, tookNothing }: { phase: Phase; isWoken: boolean; tookNothing: boolean },
  slots: Pick<WorkerSlots, 'free' | 'isScarce'>,
): Phase {
  if (phase === 'STOPPED' || phase === 'CLAIMING') return phase;
  if (!isWoken) return 'IDLE';
  if (slots.free() === 0) return 'FULL';
  return tookNothing && slots.isScarce() ? 'PAUSING' : 'CLAIMING';
}

/**
 * Returns what a claim showed. `sharedSlots` are the free slots that were not reserved: if there
 * were none, a claim that took nothing shows nothing about the documents that wait.
 */
export function toClaimOutcome(
  last: ClaimOutcome,
  { taken, sharedSlots }: { taken: number; sharedSlots: number },
): ClaimOutcome {
  const isConclusive = taken > 0 || sharedSlots > 0;
  return {
    tookNothing: taken === 0,
    isBehind: isConclusive ? taken >= Math.max(1, sharedSlots) : last.isBehind,
  };
}

export function createWorker(dependencies: Dependencies): Worker {
  const { store, leases, notifyCommitted, logger, clock = systemClock } = dependencies;
  const { concurrency, readers } = dependencies;
  const slots = createWorkerSlots({ concurrency, readers, now: clock.now });
  const running = new Set<Promise<void>>();
  const stopping = new AbortController();
  const state: State = {
    phase: 'STOPPED',
    nextClaim: undefined,
    currentClaim: undefined,
    lastOutcome: { tookNothing: false, isBehind: false },
  };
  const timers: { tick?: () => void; pause?: () => void; coalesce?: () => void } = {};
  const recordFailure = createRecordFailure(dependencies, stopping.signal);

  function wake(): Promise<void> {
    if (state.phase === 'STOPPED') return Promise.resolve();
    state.nextClaim ??= Promise.withResolvers();
    const { promise } = state.nextClaim;
    advance();
    return promise;
  }

  function advance(): void {
    const { phase, nextClaim, lastOutcome } = state;
    const { tookNothing } = lastOutcome;
    const next = nextPhase({ phase, isWoken: nextClaim !== undefined, tookNothing }, slots);
    if (next !== phase) enter(next);
  }

  function enter(phase: Phase): void {
    const wasFull = state.phase === 'FULL';
    state.phase = phase;
    timers.pause?.();
    if (wasFull) dependencies.onCapacityAvailable?.();
    if (phase === 'FULL') dependencies.onCapacityExhausted?.();
    if (phase === 'PAUSING') timers.pause = clock.after(SCARCE_PAUSE_MS, () => enter('CLAIMING'));
    if (phase === 'CLAIMING') state.currentClaim = serveWakeUps();
  }

  async function serveWakeUps(): Promise<void> {
    const served = state.nextClaim;
    state.nextClaim = undefined;
    await claimDocuments();
    state.currentClaim = undefined;
    served?.resolve();
    if (state.phase !== 'CLAIMING') return;
    enter('IDLE');
    advance();
  }

  async function claimDocuments(): Promise<void> {
    try {
      const limit = slots.free();
      const limits = slots.limits();
      const { leaseMs, maxRunningPerUser: maxPerUser } = dependencies;
      const { claims, events } = await store.claim({ limit, leaseMs, maxPerUser, limits });
      const sharedSlots = limit - limits.reservedSlots;
      state.lastOutcome = toClaimOutcome(state.lastOutcome, { taken: claims.length, sharedSlots });
      notifyCommitted(events);
      for (const claim of claims) startAttempt(claim);
    } catch (error) {
      logger.warn({ err: error }, 'failed to claim documents; retrying soon');
    }
  }

  function onCapacityFreed(): void {
    timers.coalesce?.();
    delete timers.coalesce;
    state.lastOutcome = { ...state.lastOutcome, tookNothing: false };
    void wake();
  }

  function onCapacityFreedSoon(): void {
    if (state.phase === 'STOPPED') return;
    timers.coalesce ??= clock.after(COALESCE_MS, onCapacityFreed);
  }

  function startAttempt(claim: Claim): void {
    const slot = slots.take(claim.document);
    const attempt: Promise<void> = runAttempt(claim, slot).finally(() => {
      running.delete(attempt);
      slot.release();
      if (running.size === 0) onCapacityFreed();
      else onCapacityFreedSoon();
    });
    running.add(attempt);
  }

  async function runAttempt(claim: Claim, slot: Slot): Promise<void> {
    const lease = leases.hold(claim, stopping.signal);
    const { signal, change, reportProgress } = lease;
    const onRead = () => {
      if (slot.endReading()) onCapacityFreedSoon();
    };
    try {
      await dependencies.processAttempt({ claim, signal, change, reportProgress, onRead });
    } catch (error) {
      await recordFailure(lease, error);
    } finally {
      lease.release();
    }
  }

  async function drain(drainMs: number): Promise<void> {
    const cancelDeadline = clock.after(drainMs, () =>
      stopping.abort(new StoppedError('the worker is stopping')),
    );
    await Promise.all(running);
    cancelDeadline();
  }

  return {
    start: () => {
      state.phase = 'IDLE';
      timers.tick = clock.every(TICK_MS, () => void wake());
      void wake();
    },
    wake,
    pendingDocuments: () => (state.lastOutcome.isBehind ? running.size : 0),
    stop: async (drainMs) => {
      enter('STOPPED');
      timers.tick?.();
      timers.coalesce?.();
      state.nextClaim?.resolve();
      await state.currentClaim;
      await drain(drainMs);
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

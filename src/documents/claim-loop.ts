/**
 * Decides when a worker claims documents. A wake-up message or the loop's own tick leads to a claim;
 * the queue alone decides which document is next.
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
import type { WorkerSlots } from './worker-slots.js';

export interface ClaimLoop {
  start(): void;
  /**
   * Signals that there may be work. Resolves after a claim that started later than this call; if
   * no slot is free, that claim waits for one.
   */
  wake(): Promise<void>;
  /** Claims for a slot or reader that has become free. */
  claimFreed(): void;
  /** Does the same after COALESCE_MS, together with what is freed until then. */
  claimFreedSoon(): void;
  /** Returns what the last claim showed. */
  lastOutcome(): ClaimOutcome;
  /** Starts no more claims, and waits for the current one. */
  stop(): Promise<void>;
}

export type Phase = 'STOPPED' | 'IDLE' | 'PAUSING' | 'CLAIMING' | 'FULL';

/** What a claim showed about the queue. */
export interface ClaimOutcome {
  tookNothing: boolean;
  /** True if the claim took all that one user may have, so that more documents may wait. */
  isBehind: boolean;
}

export interface ClaimLoopOptions {
  /** Claims documents. Returns null if that failed. */
  claim: (last: ClaimOutcome) => Promise<ClaimOutcome | null>;
  slots: Pick<WorkerSlots, 'free' | 'isScarce'>;
  /** Called when the loop enters FULL, and when it leaves FULL. */
  onCapacityExhausted?: (() => void) | undefined;
  onCapacityAvailable?: (() => void) | undefined;
  clock?: Clock;
}

interface State {
  phase: Phase;
  /** Wake-ups that the next claim serves. */
  nextClaim: PromiseWithResolvers<void> | undefined;
  currentClaim: Promise<void> | undefined;
  lastOutcome: ClaimOutcome;
}

const TICK_MS = 1_000;
/** Attempts that end within this time lead to one claim, which costs as much as a claim of one. */
const COALESCE_MS = 4;
const SCARCE_PAUSE_MS = 50;

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

export function createClaimLoop(options: ClaimLoopOptions): ClaimLoop {
  const { claim, slots, clock = systemClock } = options;
  const timers: { tick?: () => void; pause?: () => void; coalesce?: () => void } = {};
  const state: State = {
    phase: 'STOPPED',
    nextClaim: undefined,
    currentClaim: undefined,
    lastOutcome: { tookNothing: false, isBehind: false },
  };

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
    if (wasFull) options.onCapacityAvailable?.();
    if (phase === 'FULL') options.onCapacityExhausted?.();
    if (phase === 'PAUSING') timers.pause = clock.after(SCARCE_PAUSE_MS, () => enter('CLAIMING'));
    if (phase === 'CLAIMING') state.currentClaim = serveWakeUps();
  }

  async function serveWakeUps(): Promise<void> {
    const served = state.nextClaim;
    state.nextClaim = undefined;
    state.lastOutcome = (await claim(state.lastOutcome)) ?? state.lastOutcome;
    state.currentClaim = undefined;
    served?.resolve();
    if (state.phase !== 'CLAIMING') return;
    enter('IDLE');
    advance();
  }

  function claimFreed(): void {
    timers.coalesce?.();
    delete timers.coalesce;
    state.lastOutcome = { ...state.lastOutcome, tookNothing: false };
    void wake();
  }

  return {
    start: () => {
      state.phase = 'IDLE';
      timers.tick = clock.every(TICK_MS, () => void wake());
      void wake();
    },
    wake,
    claimFreed,
    claimFreedSoon: () => {
      if (state.phase !== 'STOPPED') timers.coalesce ??= clock.after(COALESCE_MS, claimFreed);
    },
    lastOutcome: () => state.lastOutcome,
    stop: async () => {
      enter('STOPPED');
      timers.tick?.();
      timers.coalesce?.();
      state.nextClaim?.resolve();
      await state.currentClaim;
    },
  };
}

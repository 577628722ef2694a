/**
 * Renews the leases of the documents that this process works on. One statement renews all of them,
 * at most once a second, and also writes their progress.
 *
 *     the renewer    STOPPED ──start──► IDLE ──tick──► RENEWING ──► IDLE      any ──stop──► STOPPED
 *
 *     one lease      HELD ──a change that ends the attempt──► ENDING
 *                    HELD, ENDING ──release──► RELEASED
 *                    HELD, ENDING ──another token is in the row──► LOST
 *
 * Only HELD leases are renewed. The signal of a LOST lease aborts, because another worker may have
 * the document.
 */
import { systemClock, type Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import { createBatchedChange } from './batch-changes.js';
import type { NotifyCommitted } from './commit-notifier.js';
import type { Document } from './document.js';
import type { Change, Claim, DocumentStore } from './ports.js';
import type { AttemptChange } from './process-attempt.js';
import { isRunning, toProgressEvent } from './status.js';

export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';

  constructor() {
    super('the lease of this document is no longer valid');
  }
}

/** The lease of one document. */
export interface Lease {
  /** Aborts when the lease is lost or the process stops. */
  signal: AbortSignal;
  /** Returns the document after the last change under this lease. */
  document(): Document;
  /**
   * Writes a change if the lease is still valid. Otherwise aborts the signal and throws
   * LeaseLostError.
   */
  change(change: AttemptChange): Promise<Document>;
  /** Publishes the progress, at most twice a second; the next renewal writes it. */
  reportProgress(done: number): void;
  /** Ends the renewal. */
  release(): void;
}

export interface LeaseRenewer {
  start(): void;
  /** Renews the lease of a claim until it is released. `stopping` aborts the lease's signal. */
  hold(claim: Claim, stopping: AbortSignal): Lease;
  stop(): Promise<void>;
}

type LeaseState = 'HELD' | 'ENDING' | 'RELEASED' | 'LOST';

interface LeaseEntry {
  documentId: string;
  leaseToken: string;
  progressDone: number;
  state: LeaseState;
  lost: AbortController;
}

interface Dependencies {
  store: DocumentStore;
  notifyCommitted: NotifyCommitted;
  leaseMs: number;
  logger: Pick<Logger, 'warn'>;
  clock?: Clock;
}

const RENEW_MS = 1_000;
/** People see no difference between two notifications a second and more. */
const PROGRESS_MS = 500;

export function createLeaseRenewer({
  store,
  notifyCommitted,
  leaseMs,
  logger,
  clock = systemClock,
}: Dependencies): LeaseRenewer {
  const held = new Map<string, LeaseEntry>();
  const writeChange = createBatchedChange(store);
  let stopTicking: (() => void) | undefined;
  let renewal: Promise<void> | undefined;

  /** Moves a lease on. Only a HELD one is renewed, so every other state leaves the map. */
  function enter(entry: LeaseEntry, state: LeaseState): void {
    entry.state = state;
    if (state !== 'HELD') held.delete(entry.leaseToken);
    if (state === 'LOST') entry.lost.abort(new LeaseLostError());
  }

  async function renew(): Promise<void> {
    if (held.size === 0) return;
    try {
      const lost = await store.renew([...held.values()], leaseMs);
      for (const entry of lost.map((token) => held.get(token))) if (entry) enter(entry, 'LOST');
    } catch (error) {
      logger.warn(
        { err: error, leases: held.size },
        'failed to renew leases; retrying at the next tick',
      );
    }
  }

  function tick(): void {
    renewal ??= renew().finally(() => {
      renewal = undefined;
    });
  }

  function hold(claim: Claim, stopping: AbortSignal): Lease {
    const { document, leaseToken } = claim;
    const lost = new AbortController();
    const entry: LeaseEntry = {
      documentId: document.id,
      leaseToken,
      progressDone: 0,
      state: 'HELD',
      lost,
    };
    held.set(leaseToken, entry);
    return createLease(document, {
      entry,
      enter: (state) => enter(entry, state),
      signal: AbortSignal.any([lost.signal, stopping]),
      writeChange,
      notifyCommitted,
      clock,
    });
  }

  return {
    start: () => {
      stopTicking = clock.every(Math.min(RENEW_MS, leaseMs / 3), tick);
    },
    hold,
    stop: async () => {
      stopTicking?.();
      await renewal;
    },
  };
}

interface LeaseContext {
  entry: LeaseEntry;
  enter(state: LeaseState): void;
  signal: AbortSignal;
  writeChange: ReturnType<typeof createBatchedChange>;
  notifyCommitted: NotifyCommitted;
  clock: Clock;
}

function createLease(
  claimed: Document,
  { entry, enter, signal, writeChange, notifyCommitted, clock }: LeaseContext,
): Lease {
  const notifyProgress = createProgressNotifier(notifyCommitted, clock);
  const { leaseToken } = entry;
  let document = claimed;

  async function change(next: AttemptChange): Promise<Document> {
    if (!isRunning(next.to) && entry.state === 'HELD') enter('ENDING');
    const event = await writeChange({ ...expectedStateOf(document), leaseToken, ...next });
    if (!event?.document) {
      enter('LOST');
      throw new LeaseLostError();
    }
    document = event.document;
    notifyCommitted([event]);
    return document;
  }

  return {
    signal,
    document: () => document,
    change,
    reportProgress: (done) => {
      entry.progressDone = done;
      notifyProgress(document, done);
    },
    release: () => {
      if (entry.state !== 'LOST') enter('RELEASED');
    },
  };
}

function expectedStateOf(document: Document): Pick<Change, 'documentId' | 'generation' | 'from'> {
  return {
    documentId: document.id,
    generation: document.generation,
    from: document.status,
  };
}

function createProgressNotifier(
  notifyCommitted: NotifyCommitted,
  clock: Clock,
): (document: Document, done: number) => void {
  let lastNotifiedAt = -Infinity;
  return (document, done) => {
    if (document.status !== 'VECTORIZING' || clock.now() - lastNotifiedAt < PROGRESS_MS) return;
    lastNotifiedAt = clock.now();
    const progress = { ...document.progress, done };
    notifyCommitted([toProgressEvent({ ...document, progress }, new Date())]);
  };
}

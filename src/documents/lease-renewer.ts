/**
 * Keeps the leases of the documents that this process works on: one renewal for all of them, which
 * also carries their progress to the rows, at most once a second. A run whose lease no longer holds
 * is told to stop: another worker may have the document.
 */
import type { NotifyCommitted } from './commit-notifier.js';
import { createBatchedChange } from './batch-changes.js';
import type { Document } from './document.js';
import type { Change, Claim, DocumentStore } from './ports.js';
import { isRunning, toProgressEvent } from './status.js';

export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

export interface Lease {
  signal: AbortSignal;
  /** The document as of the last change under this lease. */
  document(): Document;
  /**
   * Compare-and-set under the lease. Throws LeaseLostError when it does not hold, and aborts the
   * run.
   */
  change(change: Pick<Change, 'to' | 'set'>): Promise<Document>;
  progress(done: number): void;
  release(): void;
}

export interface LeaseRenewer {
  start(): void;
  hold(claim: Claim, stopping: AbortSignal): Lease;
  stop(): Promise<void>;
}

interface Held {
  documentId: string;
  leaseToken: string;
  progressDone: number;
  lose(): void;
}

interface Dependencies {
  store: DocumentStore;
  notifyCommitted: NotifyCommitted;
  leaseMs: number;
  /**
   * A VECTORIZING shorter than this and the COMPLETED that ends it are one change; left out: each
   * by itself.
   */
  shortStageMs?: number;
  logger: { warn(fields: object, message: string): void };
}

const RENEW_MS = 1_000;
/** More of them take longer than any stage that is short. */
const FEW_CHUNKS = 32;
/** A hint of progress twice a second is as live as an eye can follow. */
const PROGRESS_MS = 500;

export function createLeaseRenewer({
  store,
  notifyCommitted,
  leaseMs,
  shortStageMs = 0,
  logger,
}: Dependencies): LeaseRenewer {
  const held = new Map<string, Held>();
  const writeChange = createBatchedChange(store);
  let timer: NodeJS.Timeout | undefined;
  let renewing: Promise<void> = Promise.resolve();
  let busy = false;

  async function renew(): Promise<void> {
    if (held.size === 0) return;
    busy = true;
    try {
      const lost = await store.renew([...held.values()], leaseMs);
      for (const token of lost) held.get(token)?.lose();
    } catch (error) {
      logger.warn({ err: error, leases: held.size }, 'leases could not be renewed; trying again');
    } finally {
      busy = false;
    }
  }

  function hold(claim: Claim, stopping: AbortSignal): Lease {
    let document = claim.document;
    const lost = new AbortController();
    const lose = () => lost.abort(new LeaseLostError('the lease of this document no longer holds'));
    const entry: Held = {
      documentId: document.id,
      leaseToken: claim.leaseToken,
      progressDone: 0,
      lose,
    };
    held.set(claim.leaseToken, entry);
    let hintedAt = 0;

    async function writeNow(change: Step): Promise<Document> {
      if (!isRunning(change.to)) held.delete(claim.leaseToken);
      document = await write(document, claim.leaseToken, change, lose);
      return document;
    }

    const stages = sharingShortStages(writeNow, () => document, shortStageMs);
    return {
      signal: AbortSignal.any([lost.signal, stopping]),
      document: stages.document,
      change: stages.change,
      progress: (done) => {
        entry.progressDone = done;
        const now = Date.now();
        if (now - hintedAt < PROGRESS_MS || document.status !== 'VECTORIZING') return;
        hintedAt = now;
        notifyCommitted([
          toProgressEvent({ ...document, progress: { ...document.progress, done } }, new Date(now)),
        ]);
      },
      release: () => {
        stages.cancel();
        held.delete(claim.leaseToken);
      },
    };
  }

  async function write(
    document: Document,
    leaseToken: string,
    change: Step,
    lose: () => void,
  ): Promise<Document> {
    const place = {
      documentId: document.id,
      generation: document.generation,
      from: document.status,
      leaseToken,
    };
    const event = await writeChange({ ...place, ...change });
    if (!event?.document) {
      lose();
      throw new LeaseLostError('the lease of this document no longer holds');
    }
    notifyCommitted([event]);
    return event.document;
  }

  return {
    start: () => {
      timer = setInterval(
        () => {
          if (!busy) renewing = renew();
        },
        Math.min(RENEW_MS, leaseMs / 3),
      );
    },
    hold,
    stop: async () => {
      clearInterval(timer);
      await renewing;
    },
  };
}

type Step = Pick<Change, 'through' | 'to' | 'set'>;
type Write = (change: Step) => Promise<Document>;

/**
 * VECTORIZING of a document of few chunks is written a moment later. Where the document is
 * COMPLETED by then, both are one change; anything else that follows waits until it is written. The
 * lease is checked by whichever is written.
 */
function sharingShortStages(
  write: Write,
  durable: () => Document,
  shortStageMs: number,
): { change: Write; document(): Document; cancel(): void } {
  let early: { change: Step; document: Document; timer: NodeJS.Timeout } | undefined;
  let written: Promise<unknown> = Promise.resolve();

  function take(): Step | undefined {
    const taken = early;
    clearTimeout(taken?.timer);
    early = undefined;
    return taken?.change;
  }

  function flush(): void {
    const change = take();
    if (!change) return;
    written = write(change);
    // Whoever writes next hears of it; until then nobody may be listening.
    written.catch(() => undefined);
  }

  async function change(next: Step): Promise<Document> {
    const { chunkCount } = next.set ?? {};
    if (
      shortStageMs > 0 &&
      next.to === 'VECTORIZING' &&
      chunkCount !== undefined &&
      chunkCount <= FEW_CHUNKS
    ) {
      const document = { ...durable(), status: next.to, progress: { done: 0, total: chunkCount } };
      early = { change: next, document, timer: setTimeout(flush, shortStageMs) };
      return document;
    }
    if (early && next.to === 'COMPLETED')
      return write({ through: early.change.to, to: next.to, set: { ...take()?.set, ...next.set } });
    flush();
    await written;
    return write(next);
  }

  return { change, document: () => early?.document ?? durable(), cancel: () => void take() };
}

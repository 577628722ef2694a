/**
 * Keeps the leases of the documents that this process works on: one renewal for all of them, which also carries their progress to the
 * rows, at most once a second. A run whose lease no longer holds is told to stop: another worker may have the document.
 */
import type { Announce } from './announce.js';
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
  /** Compare-and-set under the lease. Throws LeaseLostError when it does not hold, and aborts the run. */
  change(change: Pick<Change, 'to' | 'set'>): Promise<Document>;
  progress(done: number): void;
  release(): void;
}

export interface LeaseKeeper {
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
  announce: Announce;
  leaseMs: number;
  log: { warn(fields: object, message: string): void };
}

const RENEW_MS = 1_000;
/** A stage shorter than this shares one durable change with what ends it. */
const SHORT_STAGE_MS = 5;
/** A hint of progress twice a second is as live as an eye can follow. */
const PROGRESS_MS = 500;

export function createLeaseKeeper({ store, announce, leaseMs, log }: Dependencies): LeaseKeeper {
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
      log.warn({ err: error, leases: held.size }, 'leases could not be renewed; trying again');
    } finally {
      busy = false;
    }
  }

  function hold(claim: Claim, stopping: AbortSignal): Lease {
    let document = claim.document;
    const lost = new AbortController();
    const lose = () => lost.abort(new LeaseLostError('the lease of this document no longer holds'));
    const entry: Held = { documentId: document.id, leaseToken: claim.leaseToken, progressDone: 0, lose };
    held.set(claim.leaseToken, entry);
    let hintedAt = 0;

    async function writeNow(change: Pick<Change, 'to' | 'set'>): Promise<Document> {
      if (!isRunning(change.to)) held.delete(claim.leaseToken);
      document = await write(document, claim.leaseToken, change, lose);
      return document;
    }

    const change = sharingShortStages(writeNow, () => document);
    return {
      signal: AbortSignal.any([lost.signal, stopping]),
      document: () => document,
      change,
      progress: (done) => {
        entry.progressDone = done;
        const now = Date.now();
        if (now - hintedAt < PROGRESS_MS || !isRunning(document.status)) return;
        hintedAt = now;
        announce([toProgressEvent({ ...document, progress: { ...document.progress, done } }, new Date(now))]);
      },
      release: () => void held.delete(claim.leaseToken),
    };
  }

  async function write(document: Document, leaseToken: string, change: Pick<Change, 'to' | 'set'>, lose: () => void): Promise<Document> {
    const place = { documentId: document.id, generation: document.generation, from: document.status, leaseToken };
    const event = await writeChange({ ...place, ...change });
    if (!event?.document) {
      lose();
      throw new LeaseLostError('the lease of this document no longer holds');
    }
    announce([event]);
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

type Write = (change: Pick<Change, 'to' | 'set'>) => Promise<Document>;

/**
 * VECTORIZING is told a moment later, unless the document is COMPLETED by then: one change carries both. Anything else that follows it
 * waits until it is written. The lease is checked by whichever is written.
 */
function sharingShortStages(write: Write, current: () => Document): Write {
  let early: { change: Pick<Change, 'to' | 'set'>; timer: NodeJS.Timeout } | undefined;
  let written: Promise<unknown> = Promise.resolve();

  function flush(): void {
    if (!early) return;
    const { change, timer } = early;
    clearTimeout(timer);
    early = undefined;
    written = write(change);
    // Whoever writes next hears of it; until then nobody may be listening.
    written.catch(() => undefined);
  }

  return async (change) => {
    if (change.to === 'VECTORIZING') {
      early = { change, timer: setTimeout(flush, SHORT_STAGE_MS) };
      const { chunkCount = null } = change.set ?? {};
      return { ...current(), status: change.to, progress: { done: 0, total: chunkCount } };
    }
    if (early && change.to === 'COMPLETED') {
      const set = { ...early.change.set, ...change.set };
      clearTimeout(early.timer);
      early = undefined;
      return write({ to: change.to, set });
    }
    flush();
    await written;
    return write(change);
  };
}

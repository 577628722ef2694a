/**
 * Writes a short VECTORIZING and the COMPLETED after it as one change instead of two.
 *
 *     IDLE     ── VECTORIZING of few chunks ──► DEFERRED
 *     DEFERRED ── COMPLETED ──► IDLE            one change, EXTRACTING ─► COMPLETED, is written
 *     DEFERRED ── maxStageMs have passed, another change, or a failure ──► IDLE
 *                                               VECTORIZING is written
 *
 * While a stage is DEFERRED, `change` has returned a document that is not in the database yet. The
 * lease is checked when the change is written.
 */
import { systemClock, type Clock } from '../runtime/clock.js';
import type { Document } from './document.js';
import type { Attempt, AttemptChange, ProcessAttempt } from './process-attempt.js';

interface Options {
  /** A longer VECTORIZING is written as a change of its own. */
  maxStageMs: number;
  /** A document of more chunks takes longer than any short stage. */
  maxChunks: number;
  clock?: Clock;
}

/** Wraps the processing of an attempt: its changes are merged, everything else stays the same. */
export function mergeShortStages(
  processAttempt: ProcessAttempt,
  { maxStageMs, maxChunks, clock = systemClock }: Options,
): ProcessAttempt {
  return async (attempt) => {
    const writer = createStageWriter(attempt, maxStageMs, clock);
    const isShort = ({ to, set }: AttemptChange): boolean =>
      to === 'VECTORIZING' && set?.chunkCount !== undefined && set.chunkCount <= maxChunks;
    try {
      await processAttempt({
        ...attempt,
        change: (change) => (isShort(change) ? writer.defer(change) : writer.write(change)),
      });
    } catch (error) {
      // The failure belongs to the stage that it happened in.
      if (!attempt.signal.aborted) await writer.flush().catch(() => undefined);
      throw error;
    } finally {
      writer.cancel();
    }
  };
}

interface StageWriter {
  /** Returns the document as it will be once the change is written. */
  defer(change: AttemptChange): Promise<Document>;
  write(change: AttemptChange): Promise<Document>;
  /** Writes a deferred change now. */
  flush(): Promise<void>;
  cancel(): void;
}

function createStageWriter(attempt: Attempt, maxStageMs: number, clock: Clock): StageWriter {
  let deferred: { change: AttemptChange; cancelTimer: () => void } | undefined;
  let flushed: Promise<unknown> = Promise.resolve();

  /** Returns the deferred change, which the caller writes or drops. */
  function takeDeferred(): AttemptChange | undefined {
    const taken = deferred;
    taken?.cancelTimer();
    deferred = undefined;
    return taken?.change;
  }

  async function flush(): Promise<void> {
    const change = takeDeferred();
    if (change) {
      flushed = attempt.change(change);
      // The next writer awaits `flushed`; until then nobody may be listening.
      flushed.catch(() => undefined);
    }
    await flushed;
  }

  async function defer(change: AttemptChange): Promise<Document> {
    const total = change.set?.chunkCount ?? null;
    const flushDeferred = () => void flush().catch(() => undefined);
    deferred = { change, cancelTimer: clock.after(maxStageMs, flushDeferred) };
    return { ...attempt.claim.document, status: change.to, progress: { done: 0, total } };
  }

  async function write(change: AttemptChange): Promise<Document> {
    if (deferred && change.to === 'COMPLETED') {
      const stage = takeDeferred();
      const set = { ...stage?.set, ...change.set };
      return attempt.change({ ...change, ...(stage && { through: stage.to }), set });
    }
    await flush();
    return attempt.change(change);
  }

  return { defer, write, flush, cancel: () => void takeDeferred() };
}

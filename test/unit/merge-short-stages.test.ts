import type { StatusEvent } from '../../src/documents/document.js';
import { mergeShortStages } from '../../src/documents/merge-short-stages.js';
import type {
  Attempt,
  AttemptChange,
  ProcessAttempt,
} from '../../src/documents/process-attempt.js';
import { makeDocument } from '../support/make-document.js';
import { createManualClock, type ManualClock } from '../support/manual-clock.js';

const MAX_STAGE_MS = 5;
const VECTORIZING: AttemptChange = { to: 'VECTORIZING', set: { chunkCount: 2 } };
const COMPLETED: AttemptChange = { to: 'COMPLETED', set: { vectorCount: 2 } };

let clock: ManualClock;
let written: AttemptChange[];
let stop: AbortController;
let writeFailure: Error | null;
beforeEach(() => {
  clock = createManualClock();
  written = [];
  stop = new AbortController();
  writeFailure = null;
});

/** Runs one attempt with merged stages. */
function run(processAttempt: ProcessAttempt): Promise<void> {
  const document = makeDocument({ status: 'EXTRACTING' });
  const attempt: Attempt = {
    claim: { document, leaseToken: 'lease' },
    signal: stop.signal,
    change: async (change) => {
      if (writeFailure) throw writeFailure;
      written.push(change);
      return { ...document, status: change.to };
    },
    reportProgress: () => undefined,
  };
  return mergeShortStages(processAttempt, { maxStageMs: MAX_STAGE_MS, maxChunks: 2, clock })(
    attempt,
  );
}

describe('a short stage', () => {
  it('is written as one change with the completion after it', async () => {
    const documents: Pick<StatusEvent, 'status' | 'progress'>[] = [];
    await run(async ({ change }) => {
      documents.push(await change(VECTORIZING));
      clock.advance(MAX_STAGE_MS - 1);
      documents.push(await change(COMPLETED));
    });
    expect(written).toEqual([
      { through: 'VECTORIZING', to: 'COMPLETED', set: { chunkCount: 2, vectorCount: 2 } },
    ]);
    expect(documents).toMatchObject([
      { status: 'VECTORIZING', progress: { done: 0, total: 2 } },
      { status: 'COMPLETED' },
    ]);
    expect(clock.timers()).toBe(0);
  });

  it('is written before a failure, which belongs to it', async () => {
    const attempt = run(async ({ change }) => {
      await change(VECTORIZING);
      throw new Error('the vector store is unavailable');
    });
    await expect(attempt).rejects.toThrow('the vector store is unavailable');
    expect(written).toEqual([VECTORIZING]);
  });

  it('is dropped if the attempt is aborted', async () => {
    const attempt = run(async ({ change, signal }) => {
      await change(VECTORIZING);
      stop.abort(new Error('the lease is lost'));
      signal.throwIfAborted();
    });
    await expect(attempt).rejects.toThrow('the lease is lost');
    clock.advance(MAX_STAGE_MS);
    expect(written).toEqual([]);
  });

  it('passes on the failure to write it to the next change', async () => {
    const attempt = run(async ({ change }) => {
      await change(VECTORIZING);
      writeFailure = new Error('no database');
      clock.advance(MAX_STAGE_MS);
      writeFailure = null;
      await change(COMPLETED);
    });
    await expect(attempt).rejects.toThrow('no database');
    expect(written).toEqual([]);
  });
});

describe('a stage that is not short', () => {
  it('is written on its own once its time has passed', async () => {
    await run(async ({ change }) => {
      await change(VECTORIZING);
      clock.advance(MAX_STAGE_MS);
      expect(written).toEqual([VECTORIZING]);
      await change(COMPLETED);
    });
    expect(written).toEqual([VECTORIZING, COMPLETED]);
  });

  it('is written at once if the document has many chunks', async () => {
    const many: AttemptChange = { to: 'VECTORIZING', set: { chunkCount: 3 } };
    await run(async ({ change }) => {
      await change(many);
      expect(written).toEqual([many]);
    });
  });
});

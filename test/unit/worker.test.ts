/** The worker, with the lease renewer and the merging of short stages, on a store in memory. */
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import type { StatusEvent } from '../../src/documents/document.js';
import { createLeaseRenewer, type LeaseRenewer } from '../../src/documents/lease-renewer.js';
import type { ProcessAttempt, Attempt } from '../../src/documents/process-attempt.js';
import { mergeShortStages } from '../../src/documents/merge-short-stages.js';
import { createWorker, type Worker } from '../../src/documents/worker.js';
import { systemClock, type Clock } from '../../src/runtime/clock.js';
import { ProcessingFailure } from '../../src/errors.js';
import { createFakeStore, type FakeStore } from '../support/fake-store.js';
import { createManualClock, type ManualClock } from '../support/manual-clock.js';
import { makeLogger } from '../support/make-logger.js';
import { eventually } from '../support/wait.js';

let store: FakeStore;
let logger: ReturnType<typeof makeLogger>;
let notified: StatusEvent[];
let manualClock: ManualClock;
let leases: LeaseRenewer;
let worker: Worker;
/** Resolves for the attempts that a test holds open. */
let finish: PromiseWithResolvers<void>;

beforeEach(() => {
  store = createFakeStore();
  logger = makeLogger();
  notified = [];
  manualClock = createManualClock();
  finish = Promise.withResolvers();
});
afterEach(async () => {
  finish.resolve();
  const stopped = worker.stop(0);
  manualClock.advance(0);
  await stopped;
  await leases.stop();
});

interface StartOptions {
  concurrency?: number;
  leaseMs?: number;
  claim?: FakeStore['claim'];
  maxStageMs?: number;
  clock?: Clock;
  onCapacityExhausted?: () => void;
  onCapacityAvailable?: () => void;
}

function start(processAttempt: ProcessAttempt, options: StartOptions = {}): void {
  const {
    concurrency = 2,
    leaseMs = 30_000,
    claim = store.claim,
    maxStageMs,
    clock = systemClock,

    ...onCapacity
  } = options;
  const notifyCommitted = (events: readonly StatusEvent[]) => void notified.push(...events);
  const asDocumentStore = { ...store, claim } as unknown as Parameters<
    typeof createWorker
  >[0]['store'];
  const shared = { store: asDocumentStore, notifyCommitted, leaseMs, logger, clock };
  leases = createLeaseRenewer(shared);
  worker = createWorker({
    ...shared,
    ...onCapacity,
    processAttempt:
      maxStageMs === undefined
        ? processAttempt
        : mergeShortStages(processAttempt, { maxStageMs, maxChunks: 32, clock }),
    leases,
    concurrency,
    readers: 2,
    maxRunningPerUser: 2,
    retryDelaysMs: [5_000, 60_000],
  });
  leases.start();
  worker.start();
}

async function completing({ change }: Attempt): Promise<void> {
  await change({ to: 'VECTORIZING', set: { chunkCount: 1 } });
  await change({
    to: 'COMPLETED',
    set: { progressDone: 1, vectorCount: 1, liveGeneration: 1, error: null },
  });
}

/** Processes until the test resolves `finish` or the signal aborts. */
async function held(attempt: Attempt): Promise<void> {
  await Promise.race([finish.promise, once(attempt.signal, 'abort')]);
  attempt.signal.throwIfAborted();
  await completing(attempt);
}

const statusOf = (id: string) => store.get(id).status;

describe('a worker', () => {
  it('merges a short stage and the completion after it into one change', async () => {
    const writes: number[] = [];
    const change = store.change;
    store.change = (changes) => {
      writes.push(changes.length);
      return change(changes);
    };
    const { id } = store.add();
    start(completing, { maxStageMs: 1_000 });
    await eventually(() => statusOf(id) === 'COMPLETED');
    expect(writes).toEqual([1]);
    expect(
      notified.map(({ seq, status, previousStatus, progress, vectorCount }) => [
        seq,
        status,
        previousStatus,
        progress,
        vectorCount,
      ]),
    ).toEqual([
      [2, 'EXTRACTING', 'PENDING', { done: 0, total: null }, 0],
      [3, 'COMPLETED', 'EXTRACTING', { done: 1, total: 1 }, 1],
    ]);
  });

  it('writes a longer stage on its own, and names the stage in the error of a failure', async () => {
    const { id } = store.add();
    start(
      async (attempt) => {
        await attempt.change({ to: 'VECTORIZING', set: { chunkCount: 1 } });
        await finish.promise;
        throw new ProcessingFailure('VECTOR_STORE_UNAVAILABLE', 'away');
      },
      { maxStageMs: 5, clock: manualClock },
    );
    await eventually(() => statusOf(id) === 'EXTRACTING');
    await turn();
    manualClock.advance(5);
    await eventually(() => statusOf(id) === 'VECTORIZING');
    finish.resolve();
    await eventually(() => statusOf(id) === 'PENDING');
    expect(store.get(id).error).toMatchObject({
      code: 'VECTOR_STORE_UNAVAILABLE',
      stage: 'VECTORIZING',
    });
  });

  it('processes due documents and notifies of each change once', async () => {
    const { id } = store.add();
    start(completing);
    await eventually(() => statusOf(id) === 'COMPLETED');
    expect(notified.map(({ seq, status }) => [seq, status])).toEqual([
      [2, 'EXTRACTING'],
      [3, 'VECTORIZING'],
      [4, 'COMPLETED'],
    ]);
  });

  it('never processes more documents than its concurrency', async () => {
    const ids = Array.from({ length: 9 }, () => store.add().id);
    let underWay = 0;
    let most = 0;
    start(async (attempt) => {
      most = Math.max(most, (underWay += 1));
      await turn();
      void worker.wake();
      await turn();
      await completing(attempt);
      underWay -= 1;
    });
    await eventually(() => ids.every((id) => statusOf(id) === 'COMPLETED'));
    expect(most).toBe(2);
  });

  it('reports pending documents while more wait, and none when no document waits', async () => {
    const ids = Array.from({ length: 3 }, () => store.add().id);
    const finish = Promise.withResolvers<void>();
    start(async (attempt) => {
      await finish.promise;
      await completing(attempt);
    });
    await eventually(() => ids.filter((id) => statusOf(id) === 'EXTRACTING').length === 2);
    expect(worker.pendingDocuments()).toBe(2);
    finish.resolve();
    await eventually(() => ids.every((id) => statusOf(id) === 'COMPLETED'));
    await worker.wake();
    expect(worker.pendingDocuments()).toBe(0);
  });

  it('claims again after a wake-up during a claim', async () => {
    let claims = 0;
    const claim: FakeStore['claim'] = async (options) => {
      claims += 1;
      const response = await store.claim(options);
      if (claims === 1) {
        store.add();
        void worker.wake();
      }
      return response;
    };
    start(completing, { claim });
    await eventually(() => notified.some(({ status }) => status === 'COMPLETED'), {
      timeoutMs: 500,
    });
  });

  it('claims again after a claim that failed', async () => {
    const { id } = store.add();
    let away = true;
    start(completing, {
      claim: (options) => (away ? Promise.reject(new Error('no database')) : store.claim(options)),
    });
    await eventually(() => logger.lines.length > 0);
    away = false;
    void worker.wake();
    await eventually(() => statusOf(id) === 'COMPLETED');
  });

  it('resolves a wake-up after a claim that started later, and not before', async () => {
    let claims = 0;
    start(completing, { claim: (options) => store.claim(options).finally(() => (claims += 1)) });
    await eventually(() => claims > 0);
    const { id } = store.add();
    await worker.wake();
    expect(statusOf(id)).not.toBe('PENDING');
  });

  it('reports that its capacity is exhausted, and that it is available again', async () => {
    const said: string[] = [];
    const gate = Promise.withResolvers<void>();
    const ids = [store.add().id, store.add().id];
    start(
      (attempt) => Promise.race([gate.promise, finish.promise]).then(() => completing(attempt)),
      {
        concurrency: 1,
        onCapacityExhausted: () => void said.push('exhausted'),
        onCapacityAvailable: () => void said.push('available'),
      },
    );
    await eventually(() => ids.some((id) => statusOf(id) === 'EXTRACTING'));
    const woken = worker.wake();
    expect(said).toEqual(['exhausted']);
    gate.resolve();
    await woken;
    expect(said.slice(0, 2)).toEqual(['exhausted', 'available']);
    await eventually(() => ids.every((id) => statusOf(id) === 'COMPLETED'));
  });

  it('claims the next document when one ends, without a wake-up', async () => {
    const ids = [store.add().id, store.add().id];
    start(completing, { concurrency: 1 });
    await eventually(() => ids.every((id) => statusOf(id) === 'COMPLETED'), { timeoutMs: 800 });
  });
});

describe('slots and readers', () => {
  const PDF = { mimeType: 'application/pdf' };
  type Options = Parameters<FakeStore['claim']>[0];

  /** The limits of each claim, in order. */
  function recordClaims(): { claims: Options[]; claim: FakeStore['claim'] } {
    const claims: Options[] = [];
    return { claims, claim: (options) => (claims.push(options), store.claim(options)) };
  }

  it('pass the limits of one user to a claim', async () => {
    const { claims, claim } = recordClaims();
    store.add({ userId: 'alice', ...PDF });
    start(held, { claim, concurrency: 4 });
    await eventually(() => claims.length === 1);
    void worker.wake();
    await eventually(() => claims.length === 2);
    expect(claims).toMatchObject([
      {
        limit: 4,
        limits: { readers: 2, largeReaders: 1, maxReadingPerUser: 1, reservedSlots: 2, users: [] },
      },
      { limit: 3, limits: { readers: 1, users: [{ userId: 'alice', running: 1, reading: 1 }] } },
    ]);
  });

  it('lead to a claim when a file is read, while its document is still processed', async () => {
    const { claims, claim } = recordClaims();
    store.add(PDF);
    const read = Promise.withResolvers<void>();
    start(
      async (attempt) => {
        await read.promise;
        attempt.onRead?.();
        await held(attempt);
      },
      { claim, concurrency: 4 },
    );
    await eventually(() => claims.length === 1);
    read.resolve();
    await eventually(() => claims.length === 2, { timeoutMs: 500 });
    expect(claims[1]).toMatchObject({
      limit: 3,
      limits: { readers: 2, users: [{ running: 1, reading: 0 }] },
    });
  });

  it('lead to few claims for many wake-ups while only reserved slots are free', async () => {
    const { claims, claim } = recordClaims();
    Array.from({ length: 2 }, () => store.add());
    start(held, { claim, concurrency: 4 });
    await eventually(() => claims.length === 1);
    for (let message = 0; message < 100; message += 1) await Promise.race([worker.wake(), turn()]);
    expect(claims.length).toBeLessThan(10);
    await worker.wake();
  });

  it('lead to a claim when a slot becomes free, however many wake-ups came before', async () => {
    const { id } = store.add();
    store.add();
    start(
      (attempt) =>
        attempt.claim.document.id === id
          ? held(attempt)
          : once(attempt.signal, 'abort').then(() => undefined),
      { concurrency: 4 },
    );
    await eventually(() => statusOf(id) === 'EXTRACTING');
    await worker.wake();
    void worker.wake();
    const next = store.add({ userId: 'bob' }).id;
    finish.resolve();
    await eventually(() => statusOf(next) === 'EXTRACTING', { timeoutMs: 500 });
  });
});

describe('an attempt that fails', () => {
  it('returns the document to the queue with a delay if a retry can succeed', async () => {
    const { id } = store.add();
    start(() => Promise.reject(new ProcessingFailure('EMBEDDER_UNAVAILABLE', 'Away.')));
    await eventually(() => statusOf(id) === 'PENDING' && store.get(id).attempt === 1);
    const { error, nextAttemptAt } = store.get(id);
    expect(error).toEqual({
      code: 'EMBEDDER_UNAVAILABLE',
      cause: null,
      message: 'Away.',
      retryable: true,
      stage: 'EXTRACTING',
    });
    expect(Number(nextAttemptAt)).toBeGreaterThan(Date.now() + 4_000);
  });

  it('makes the document FAILED if a retry cannot succeed, and the worker processes others', async () => {
    const poison = store.add().id;
    start((attempt) =>
      attempt.claim.document.id === poison
        ? Promise.reject(new ProcessingFailure('CORRUPT', 'Broken.'))
        : completing(attempt),
    );
    await eventually(() => statusOf(poison) === 'FAILED');
    const { id } = store.add();
    void worker.wake();
    await eventually(() => statusOf(id) === 'COMPLETED');
  });

  it('writes nothing if another worker has the document', async () => {
    const { id } = store.add();
    start(async ({ change }) => {
      store.takeLease(id);
      await change({ to: 'VECTORIZING' });
    });
    await eventually(() => logger.lines.some(({ level }) => level === 'info'));
    expect(store.get(id)).toMatchObject({ status: 'EXTRACTING', seq: 2 });
  });

  it('logs no error if its document was deleted during the attempt', async () => {
    const { id } = store.add();
    start(() => {
      store.set(id, { status: 'DELETING' });
      return Promise.reject(new ProcessingFailure('BLOB_MISSING', 'Gone.'));
    });
    await eventually(() => logger.lines.some(({ level }) => level === 'info'));
    expect(logger.lines.filter(({ level }) => level === 'error')).toEqual([]);
    expect(statusOf(id)).toBe('DELETING');
  });

  it('does not change a document that it has completed', async () => {
    const { id } = store.add();
    start(async (attempt) => {
      await completing(attempt);
      throw new Error('too late to matter');
    });
    await eventually(() => logger.lines.length > 0);
    expect(store.get(id)).toMatchObject({ status: 'COMPLETED', seq: 4 });
  });

  it('leaves the document to the expiry of its lease if the outcome cannot be written', async () => {
    const { id } = store.add();
    const change = store.change;
    store.change = () => Promise.reject(new Error('no database'));
    start(() => Promise.reject(new ProcessingFailure('CORRUPT', 'Broken.')));
    await eventually(() => logger.lines.some(({ level }) => level === 'error'));
    store.change = change;
    expect(statusOf(id)).toBe('EXTRACTING');
  });
});

describe('the lease of a document in process', () => {
  it('aborts the attempt at the next renewal if it is lost, and nothing is written', async () => {
    const { id } = store.add();
    let attempt: Attempt | undefined;
    start((started) => held((attempt = started)), { leaseMs: 60 });
    await eventually(() => attempt);
    store.takeLease(id);
    await eventually(() => attempt?.signal.aborted);
    expect(attempt?.signal.reason).toMatchObject({ name: 'LeaseLostError' });
    await eventually(() => logger.lines.some(({ level }) => level === 'info'));
    expect(store.get(id)).toMatchObject({ status: 'EXTRACTING', seq: 2 });
  });

  it('is renewed again after a renewal that failed', async () => {
    const { id } = store.add();
    let renewals = 0;
    const renew = store.renew;
    store.renew = async (...renewal) => {
      renewals += 1;
      if (renewals === 1) throw new Error('no database');
      return renew(...renewal);
    };
    start(held, { leaseMs: 60 });
    await eventually(() => renewals >= 3);
    finish.resolve();
    await eventually(() => statusOf(id) === 'COMPLETED');
  });

  it('is not renewed after the document has ended', async () => {
    const { id } = store.add();
    const renewed: string[] = [];
    const renew = store.renew;
    store.renew = async (leasesToRenew, leaseMs) => {
      renewed.push(...leasesToRenew.map(({ documentId }) => documentId));
      return renew(leasesToRenew, leaseMs);
    };
    start(held, { leaseMs: 30 });
    await eventually(() => renewed.includes(id));
    finish.resolve();
    await eventually(() => statusOf(id) === 'COMPLETED');
    renewed.length = 0;
    const other = store.add().id;
    finish = Promise.withResolvers();
    void worker.wake();
    await eventually(() => renewed.includes(other));
    expect(renewed).not.toContain(id);
  });

  it('writes the progress with its renewal', async () => {
    store.add();
    const renewed: number[] = [];
    store.renew = async (leasesToRenew) => {
      renewed.push(...leasesToRenew.map(({ progressDone }) => progressDone));
      return [];
    };
    start(
      async (attempt) => {
        attempt.reportProgress(7);
        await held(attempt);
      },
      { leaseMs: 30 },
    );
    await eventually(() => renewed.includes(7));
  });
});

describe('progress', () => {
  it('is published at most twice a second', async () => {
    const { id } = store.add();
    start(async ({ change, reportProgress: progress }) => {
      await change({ to: 'VECTORIZING', set: { chunkCount: 100 } });
      for (let done = 1; done <= 100; done += 1) progress(done);
      await change({ to: 'COMPLETED', set: { progressDone: 100 } });
      progress(100);
    });
    await eventually(() => statusOf(id) === 'COMPLETED');
    const progress = notified.filter(({ kind }) => kind === 'PROGRESS');
    expect(progress).toEqual([
      expect.objectContaining({ seq: 3, progress: { done: 1, total: 100 }, status: 'VECTORIZING' }),
    ]);
  });
});

describe('stopping', () => {
  it('lets attempts finish and claims no more documents', async () => {
    const { id } = store.add();
    start(held);
    await eventually(() => statusOf(id) === 'EXTRACTING');
    const other = store.add().id;
    const stopped = worker.stop(60_000);
    void worker.wake();
    finish.resolve();
    await stopped;
    expect([statusOf(id), statusOf(other)]).toEqual(['COMPLETED', 'PENDING']);
  });

  it('returns unfinished documents to the queue, due immediately and without an error', async () => {
    const { id } = store.add();
    start(held);
    await eventually(() => statusOf(id) === 'EXTRACTING');
    await worker.stop(10);
    expect(store.get(id)).toMatchObject({ status: 'PENDING', nextAttemptAt: null, error: null });
    expect(store.leaseOf(id)).toBeUndefined();
  });

  it('waits for the current claim and for the documents that it claimed', async () => {
    const { id } = store.add();
    const claiming = Promise.withResolvers<void>();
    const response = Promise.withResolvers<void>();
    start(held, {
      claim: async (options) => {
        claiming.resolve();
        await response.promise;
        return store.claim(options);
      },
    });
    await claiming.promise;
    const stopped = worker.stop(10);
    response.resolve();
    await stopped;
    expect(statusOf(id)).toBe('PENDING');
    expect(store.leaseOf(id)).toBeUndefined();
  });
});

/** The worker, with the lease renewer and the merging of short stages, on a store in memory. */
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import type { StatusEvent } from '../../src/documents/document.js';
import { createLeaseRenewer, type LeaseRenewer } from '../../src/documents/lease-renewer.js';
import type { ProcessAttempt, Attempt } from '../../src/documents/process-attempt.js';
import { mergeShortStages } from '../../src/documents/merge-short-stages.js';
import {
  createWorker,
  nextPhase,
  toClaimOutcome,
  type Worker,
} from '../../src/documents/worker.js';
import { systemClock, type Clock } from '../../src/runtime/clock.js';
import { ProcessingFailure } from '../../src/errors.js';
import { createFakeStore, type FakeStore } from '../support/fake-store.js';
import { createManualClock, type ManualClock } from '../support/manual-clock.js';
import { makeLog } from '../support/make-log.js';
import { eventually } from '../support/wait.js';

let store: FakeStore;
let logger: ReturnType<typeof makeLog>;
let notified: StatusEvent[];
let manualClock: ManualClock;
let leases: LeaseRenewer;
let worker: Worker;
/** Resolves for the attempts that a test holds open. */
let finish: PromiseWithResolvers<void>;

beforeEach(() => {
  store = createFakeStore();
  logger = makeLog();
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

const completing: ProcessAttempt = async ({ change }) => {
  await change({ to: 'VECTORIZING', set: { chunkCount: 1 } });
  await change({
    to: 'COMPLETED',
    set: { progressDone: 1, vectorCount: 1, liveGeneration: 1, error: null },
  });
};

/** Works until the test finishes it or it is told to stop. */
const held: ProcessAttempt = async (run) => {
  await Promise.race([finish.promise, once(run.signal, 'abort')]);
  run.signal.throwIfAborted();
  await completing(run);
};

const statusOf = (id: string) => store.get(id).status;

describe('a worker', () => {
  it('makes one change of a stage that is over at once and the end', async () => {
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

  it('writes a stage that lasts when it has lasted, and what fails in it says which stage it was', async () => {
    const { id } = store.add();
    start(
      async (run) => {
        await run.change({ to: 'VECTORIZING', set: { chunkCount: 1 } });
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

  it('processes what is due, and everybody hears of each change once', async () => {
    const { id } = store.add();
    start(completing);
    await eventually(() => statusOf(id) === 'COMPLETED');
    expect(notified.map(({ seq, status }) => [seq, status])).toEqual([
      [2, 'EXTRACTING'],
      [3, 'VECTORIZING'],
      [4, 'COMPLETED'],
    ]);
  });

  it('never has more under way than it may', async () => {
    const ids = Array.from({ length: 9 }, () => store.add().id);
    let underWay = 0;
    let most = 0;
    start(async (run) => {
      most = Math.max(most, (underWay += 1));
      await turn();
      void worker.wake();
      await turn();
      await completing(run);
      underWay -= 1;
    });
    await eventually(() => ids.every((id) => statusOf(id) === 'COMPLETED'));
    expect(most).toBe(2);
  });

  it('says how many documents are followed by others, and none once nothing waits', async () => {
    const ids = Array.from({ length: 3 }, () => store.add().id);
    const finish = Promise.withResolvers<void>();
    start(async (run) => {
      await finish.promise;
      await completing(run);
    });
    await eventually(() => ids.filter((id) => statusOf(id) === 'EXTRACTING').length === 2);
    expect(worker.pendingDocuments()).toBe(2);
    finish.resolve();
    await eventually(() => ids.every((id) => statusOf(id) === 'COMPLETED'));
    await worker.wake();
    expect(worker.pendingDocuments()).toBe(0);
  });

  it('asks again at once when it was woken while it asked', async () => {
    let asked = 0;
    const claim: FakeStore['claim'] = async (options) => {
      asked += 1;
      const answer = await store.claim(options);
      if (asked === 1) {
        store.add();
        void worker.wake();
      }
      return answer;
    };
    start(completing, { claim });
    await eventually(() => notified.some(({ status }) => status === 'COMPLETED'), {
      timeoutMs: 500,
    });
  });

  it('goes on after the queue could not be read', async () => {
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

  it('answers a wake once the queue was asked after it, and not before', async () => {
    let asked = 0;
    start(completing, { claim: (options) => store.claim(options).finally(() => (asked += 1)) });
    await eventually(() => asked > 0);
    const { id } = store.add();
    await worker.wake();
    expect(statusOf(id)).not.toBe('PENDING');
  });

  it('says that it is full, and that it has room again', async () => {
    const said: string[] = [];
    const gate = Promise.withResolvers<void>();
    const ids = [store.add().id, store.add().id];
    start((run) => Promise.race([gate.promise, finish.promise]).then(() => completing(run)), {
      concurrency: 1,
      onCapacityExhausted: () => void said.push('exhausted'),
      onCapacityAvailable: () => void said.push('available'),
    });
    await eventually(() => ids.some((id) => statusOf(id) === 'EXTRACTING'));
    const woken = worker.wake();
    expect(said).toEqual(['exhausted']);
    gate.resolve();
    await woken;
    expect(said.slice(0, 2)).toEqual(['exhausted', 'available']);
    await eventually(() => ids.every((id) => statusOf(id) === 'COMPLETED'));
  });

  it('takes the next document when one ends, without being told', async () => {
    const ids = [store.add().id, store.add().id];
    start(completing, { concurrency: 1 });
    await eventually(() => ids.every((id) => statusOf(id) === 'COMPLETED'), { timeoutMs: 800 });
  });
});

describe('places and readers', () => {
  const PDF = { mimeType: 'application/pdf' };
  type Options = Parameters<FakeStore['claim']>[0];

  /** The limits of each claim, in order. */
  function recordClaims(): { asked: Options[]; claim: FakeStore['claim'] } {
    const asked: Options[] = [];
    return { asked, claim: (options) => (asked.push(options), store.claim(options)) };
  }

  it('tells a claim what one user may take', async () => {
    const { asked, claim } = recordClaims();
    store.add({ userId: 'alice', ...PDF });
    start(held, { claim, concurrency: 4 });
    await eventually(() => asked.length === 1);
    void worker.wake();
    await eventually(() => asked.length === 2);
    expect(asked).toMatchObject([
      {
        limit: 4,
        limits: { readers: 2, largeReaders: 1, maxReadingPerUser: 1, reservedSlots: 2, users: [] },
      },
      { limit: 3, limits: { readers: 1, users: [{ userId: 'alice', running: 1, reading: 1 }] } },
    ]);
  });

  it('claims again when a file has been read, while its document is still worked on', async () => {
    const { asked, claim } = recordClaims();
    store.add(PDF);
    const read = Promise.withResolvers<void>();
    start(
      async (run) => {
        await read.promise;
        run.onRead?.();
        await held(run);
      },
      { claim, concurrency: 4 },
    );
    await eventually(() => asked.length === 1);
    read.resolve();
    await eventually(() => asked.length === 2, { timeoutMs: 500 });
    expect(asked[1]).toMatchObject({
      limit: 3,
      limits: { readers: 2, users: [{ running: 1, reading: 0 }] },
    });
  });

  it('does not claim for each of many messages while only reserved places are free', async () => {
    const { asked, claim } = recordClaims();
    Array.from({ length: 2 }, () => store.add());
    start(held, { claim, concurrency: 4 });
    await eventually(() => asked.length === 1);
    for (let message = 0; message < 100; message += 1) await Promise.race([worker.wake(), turn()]);
    expect(asked.length).toBeLessThan(10);
    await worker.wake();
  });

  it('claims at once for a place that becomes free, however many messages came before', async () => {
    const { id } = store.add();
    store.add();
    start(
      (run) =>
        run.claim.document.id === id ? held(run) : once(run.signal, 'abort').then(() => undefined),
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

describe('a try that ends badly', () => {
  it('goes back to the queue, to be tried after a while, when trying again can help', async () => {
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

  it('is FAILED when trying again cannot help, and the worker goes on with others', async () => {
    const poison = store.add().id;
    start((run) =>
      run.claim.document.id === poison
        ? Promise.reject(new ProcessingFailure('CORRUPT', 'Broken.'))
        : completing(run),
    );
    await eventually(() => statusOf(poison) === 'FAILED');
    const { id } = store.add();
    void worker.wake();
    await eventually(() => statusOf(id) === 'COMPLETED');
  });

  it('writes nothing when another worker has the document by then', async () => {
    const { id } = store.add();
    start(async ({ change }) => {
      store.takeLease(id);
      await change({ to: 'VECTORIZING' });
    });
    await eventually(() => logger.lines.some(({ level }) => level === 'info'));
    expect(store.get(id)).toMatchObject({ status: 'EXTRACTING', seq: 2 });
  });

  it('reports no error when its document was deleted meanwhile', async () => {
    const { id } = store.add();
    start(() => {
      store.set(id, { status: 'DELETING' });
      return Promise.reject(new ProcessingFailure('BLOB_MISSING', 'Gone.'));
    });
    await eventually(() => logger.lines.some(({ level }) => level === 'info'));
    expect(logger.lines.filter(({ level }) => level === 'error')).toEqual([]);
    expect(statusOf(id)).toBe('DELETING');
  });

  it('does not touch a document that it has completed', async () => {
    const { id } = store.add();
    start(async (run) => {
      await completing(run);
      throw new Error('too late to matter');
    });
    await eventually(() => logger.lines.length > 0);
    expect(store.get(id)).toMatchObject({ status: 'COMPLETED', seq: 4 });
  });

  it('whose outcome cannot be written is left to its lease', async () => {
    const { id } = store.add();
    const change = store.change;
    store.change = () => Promise.reject(new Error('no database'));
    start(() => Promise.reject(new ProcessingFailure('CORRUPT', 'Broken.')));
    await eventually(() => logger.lines.some(({ level }) => level === 'error'));
    store.change = change;
    expect(statusOf(id)).toBe('EXTRACTING');
  });
});

describe('a lease that is lost while the document is processed', () => {
  it('aborts the run within a renewal, and nothing is written', async () => {
    const { id } = store.add();
    let run: Attempt | undefined;
    start((given) => held((run = given)), { leaseMs: 60 });
    await eventually(() => run);
    store.takeLease(id);
    await eventually(() => run?.signal.aborted);
    expect(run?.signal.reason).toMatchObject({ name: 'LeaseLostError' });
    await eventually(() => logger.lines.some(({ level }) => level === 'info'));
    expect(store.get(id)).toMatchObject({ status: 'EXTRACTING', seq: 2 });
  });

  it('is renewed again after a renewal that failed', async () => {
    const { id } = store.add();
    let renewals = 0;
    const renew = store.renew;
    store.renew = async (...given) => {
      renewals += 1;
      if (renewals === 1) throw new Error('no database');
      return renew(...given);
    };
    start(held, { leaseMs: 60 });
    await eventually(() => renewals >= 3);
    finish.resolve();
    await eventually(() => statusOf(id) === 'COMPLETED');
  });

  it('is not renewed any more once the document has ended', async () => {
    const { id } = store.add();
    const renewed: string[] = [];
    const renew = store.renew;
    store.renew = async (given, leaseMs) => {
      renewed.push(...given.map(({ documentId }) => documentId));
      return renew(given, leaseMs);
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

  it('carries the progress with its renewal', async () => {
    store.add();
    const renewed: number[] = [];
    store.renew = async (given) => {
      renewed.push(...given.map(({ progressDone }) => progressDone));
      return [];
    };
    start(
      async (run) => {
        run.reportProgress(7);
        await held(run);
      },
      { leaseMs: 30 },
    );
    await eventually(() => renewed.includes(7));
  });
});

describe('progress', () => {
  it('is hinted at most twice a second', async () => {
    const { id } = store.add();
    start(async ({ change, reportProgress: progress }) => {
      await change({ to: 'VECTORIZING', set: { chunkCount: 100 } });
      for (let done = 1; done <= 100; done += 1) progress(done);
      await change({ to: 'COMPLETED', set: { progressDone: 100 } });
      progress(100);
    });
    await eventually(() => statusOf(id) === 'COMPLETED');
    const hints = notified.filter(({ kind }) => kind === 'PROGRESS');
    expect(hints).toEqual([
      expect.objectContaining({ seq: 3, progress: { done: 1, total: 100 }, status: 'VECTORIZING' }),
    ]);
  });
});

describe('stopping', () => {
  it('lets what runs finish and takes nothing new', async () => {
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

  it('puts what does not finish in time back into the queue, due at once and without an error', async () => {
    const { id } = store.add();
    start(held);
    await eventually(() => statusOf(id) === 'EXTRACTING');
    await worker.stop(10);
    expect(store.get(id)).toMatchObject({ status: 'PENDING', nextAttemptAt: null, error: null });
    expect(store.leaseOf(id)).toBeUndefined();
  });

  it('waits for a claim that is under way, and what it brought', async () => {
    const { id } = store.add();
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    start(held, {
      claim: async (options) => {
        asked.resolve();
        await answer.promise;
        return store.claim(options);
      },
    });
    await asked.promise;
    const stopped = worker.stop(10);
    answer.resolve();
    await stopped;
    expect(statusOf(id)).toBe('PENDING');
    expect(store.leaseOf(id)).toBeUndefined();
  });
});

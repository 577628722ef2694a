import type { StatusEvent } from '../../src/documents/document.js';
import { createLeaseRenewer, type LeaseRenewer } from '../../src/documents/lease-renewer.js';
import type { DocumentStore } from '../../src/documents/ports.js';
import { createFakeStore, type FakeStore } from '../support/fake-store.js';
import { makeLogger } from '../support/make-logger.js';
import { createManualClock, type ManualClock } from '../support/manual-clock.js';

const LEASE_MS = 30_000;
const TICK_MS = 1_000;

let clock: ManualClock;
let store: FakeStore;
let renewed: { documentId: string; progressDone: number }[][];
let notified: StatusEvent[];
let leases: LeaseRenewer;
let logger: ReturnType<typeof makeLogger>;
beforeEach(() => {
  clock = createManualClock();
  store = createFakeStore();
  logger = makeLogger();
  renewed = [];
  notified = [];
  const renew = store.renew;
  store.renew = (held, leaseMs) => {
    renewed.push(held.map(({ documentId, progressDone }) => ({ documentId, progressDone })));
    return renew(held, leaseMs);
  };
  leases = createLeaseRenewer({
    store: store as unknown as DocumentStore,
    notifyCommitted: (events) => void notified.push(...events),
    leaseMs: LEASE_MS,
    logger,
    clock,
  });
  leases.start();
});
afterEach(() => leases.stop());

async function hold(stopping = new AbortController().signal) {
  const { id } = store.add();
  const { claims } = await store.claim({ limit: 1, leaseMs: LEASE_MS, maxPerUser: 1 });
  const [claim] = claims;
  if (!claim) throw new Error('no document was claimed');
  return { id, lease: leases.hold(claim, stopping) };
}

/** Advances to the next renewal, and waits until it has ended. */
async function renew(): Promise<void> {
  clock.advance(TICK_MS);
  await new Promise(setImmediate);
}

describe('held leases', () => {
  it('are renewed together at every tick, with their progress', async () => {
    const first = await hold();
    const second = await hold();
    first.lease.reportProgress(7);
    await renew();
    expect(renewed).toEqual([
      [
        { documentId: first.id, progressDone: 7 },
        { documentId: second.id, progressDone: 0 },
      ],
    ]);
  });

  it('are renewed again after a renewal that failed', async () => {
    await hold();
    const working = store.renew;
    store.renew = () => Promise.reject(new Error('no database'));
    await renew();
    expect(logger.lines).toMatchObject([{ level: 'warn', fields: { leases: 1 } }]);
    store.renew = working;
    await renew();
    expect(renewed).toHaveLength(1);
  });

  it('are not renewed again while a renewal is in progress', async () => {
    await hold();
    const pending = Promise.withResolvers<string[]>();
    let calls = 0;
    store.renew = () => {
      calls += 1;
      return pending.promise;
    };
    clock.advance(5 * TICK_MS);
    expect(calls).toBe(1);
    pending.resolve([]);
  });

  it('notify of progress at most twice a second', async () => {
    const { lease } = await hold();
    await lease.change({ to: 'VECTORIZING', set: { chunkCount: 9 } });
    for (const done of [1, 2, 3]) lease.reportProgress(done);
    clock.advance(500);
    lease.reportProgress(4);
    const progress = notified.filter(({ kind }) => kind === 'PROGRESS');
    expect(progress.map((event) => event.progress.done)).toEqual([1, 4]);
  });
});

describe('a lost lease', () => {
  it('aborts its signal at the next renewal and is not renewed again', async () => {
    const { id, lease } = await hold();
    store.takeLease(id);
    await renew();
    expect(lease.signal.reason).toMatchObject({ name: 'LeaseLostError' });
    await renew();
    expect(renewed).toHaveLength(1);
  });

  it('aborts its signal at the next change, which throws', async () => {
    const { id, lease } = await hold();
    store.takeLease(id);
    await expect(lease.change({ to: 'COMPLETED' })).rejects.toThrow();
    await expect(lease.change({ to: 'VECTORIZING' })).rejects.toMatchObject({
      name: 'LeaseLostError',
    });
    expect(lease.signal.aborted).toBe(true);
  });
});

describe('an ended lease', () => {
  it('is not renewed after a change that ends the attempt', async () => {
    const { lease } = await hold();
    await lease.change({ to: 'PENDING', set: {} });
    await renew();
    expect(renewed).toEqual([]);
    expect(lease.signal.aborted).toBe(false);
  });

  it('is not renewed after its release', async () => {
    const { lease } = await hold();
    lease.release();
    await renew();
    expect(renewed).toEqual([]);
  });

  it('aborts its signal when the worker stops', async () => {
    const stopping = new AbortController();
    const { lease } = await hold(stopping.signal);
    stopping.abort(new Error('the worker is stopping'));
    expect(lease.signal.reason).toMatchObject({ message: 'the worker is stopping' });
  });
});

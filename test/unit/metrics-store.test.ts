import { createMetrics, type Metrics } from '../../src/metrics/metrics.js';
import { measureStore } from '../../src/metrics/store.js';
import type { Accepted, Change, DocumentStore, NewDocument } from '../../src/documents/ports.js';
import type { ProcessingError } from '../../src/documents/document.js';
import { createFakeStore, type FakeStore } from '../support/fake-store.js';
import { makeChange, makeDocument } from '../support/make-document.js';
import { parseExposition, valueOf } from '../support/prometheus.js';

let metrics: Metrics;
let fake: FakeStore;
let store: DocumentStore;
let accepted: Accepted;

beforeEach(() => {
  metrics = createMetrics({ role: 'test' });
  fake = createFakeStore();
  const lost = async () => [
    makeChange({ status: 'PENDING', error: error('WORKER_LOST') }),
    makeChange({ status: 'FAILED', error: error('ATTEMPTS_EXHAUSTED') }),
  ];
  const rest = {
    accept: async () => accepted,
    reclaimExpiredLeases: lost,
    markDeleting: async () => makeChange({ status: 'DELETING' }),
  };
  store = measureStore(metrics.registry, { ...fake, ...rest } as unknown as DocumentStore);
});

function error(code: ProcessingError['code']): ProcessingError {
  return { code, cause: null, message: 'a message', retryable: true, stage: 'EXTRACTING' };
}

async function value(name: string, labels?: Record<string, string>): Promise<number | undefined> {
  return valueOf(parseExposition((await metrics.render()).text), name, labels);
}

async function claimOne(): Promise<
  Pick<Change, 'documentId' | 'generation' | 'from' | 'leaseToken'>
> {
  const { claims } = await store.claim({ limit: 1, leaseMs: 1_000, maxPerUser: 1 });
  const [claim] = claims;
  if (!claim) throw new Error('nothing was claimed');
  return {
    documentId: claim.document.id,
    generation: claim.document.generation,
    from: 'EXTRACTING',
    leaseToken: claim.leaseToken,
  };
}

describe('changes through the store', () => {
  it('are counted by the new status', async () => {
    fake.add();
    const claimed = await claimOne();
    await store.change([{ ...claimed, to: 'VECTORIZING' }]);
    await store.markDeleting('alice', 'any');
    for (const status of ['EXTRACTING', 'VECTORIZING', 'DELETING'])
      expect([status, await value('docstream_document_changes_total', { status })]).toEqual([
        status,
        1,
      ]);
    expect(await value('docstream_document_changes_total', { status: 'COMPLETED' })).toBe(0);
  });

  it('are not counted if nothing was written', async () => {
    fake.add();
    const claimed = await claimOne();
    fake.takeLease(claimed.documentId);
    expect(await store.change([{ ...claimed, to: 'VECTORIZING' }])).toEqual([null]);
    expect(await value('docstream_document_changes_total', { status: 'VECTORIZING' })).toBe(0);
  });

  it('are counted for new documents, not for duplicates', async () => {
    const event = makeChange();
    accepted = { document: makeDocument(), event, duplicateOf: null };
    await store.accept({} as NewDocument);
    accepted = { document: makeDocument(), duplicateOf: 'another' };
    await store.accept({} as NewDocument);
    expect(await value('docstream_uploads_total', { outcome: 'accepted' })).toBe(1);
    expect(await value('docstream_uploads_total', { outcome: 'duplicate' })).toBe(1);
    expect(await value('docstream_document_changes_total', { status: 'PENDING' })).toBe(1);
  });
});

describe('claims', () => {
  it('are counted by outcome', async () => {
    fake.add();
    fake.add();
    await store.claim({ limit: 5, leaseMs: 1_000, maxPerUser: 5 });
    await store.claim({ limit: 5, leaseMs: 1_000, maxPerUser: 5 });
    expect(await value('docstream_claims_total', { outcome: 'some' })).toBe(1);
    expect(await value('docstream_claims_total', { outcome: 'none' })).toBe(1);
    expect(await value('docstream_claimed_documents_total')).toBe(2);
    expect(await value('docstream_claim_duration_seconds_count')).toBe(2);
  });

  it('are counted as failed if the database rejects them', async () => {
    const failing = measureStore(createTwin(), {
      ...fake,
      claim: () => Promise.reject(new Error('away')),
    } as unknown as DocumentStore);
    await expect(failing.claim({ limit: 1, leaseMs: 1, maxPerUser: 1 })).rejects.toThrow('away');
    expect(await value('docstream_claims_total', { outcome: 'failed' })).toBe(1);
  });

  it('record the time since a document was due on its first attempt', async () => {
    const now = Date.now();
    fake.add({ createdAt: new Date(now - 3_600_000), scheduledFor: new Date(now - 7_000) });
    await claimOne();
    expect(await value('docstream_document_wait_seconds_count')).toBe(1);
    expect(await value('docstream_document_wait_seconds_sum')).toBeCloseTo(7, 0);
  });

  it('record no wait on later attempts, which are delayed on purpose', async () => {
    fake.add({ attempt: 1 });
    await claimOne();
    expect(await value('docstream_document_wait_seconds_count')).toBe(0);
  });
});

describe('failed attempts', () => {
  it('count as retries by code if another attempt follows', async () => {
    fake.add();
    await store.change([
      {
        ...(await claimOne()),
        to: 'PENDING',
        set: { error: error('EMBEDDER_UNAVAILABLE'), nextAttemptInMs: 5_000 },
      },
    ]);
    expect(await value('docstream_retries_total', { code: 'EMBEDDER_UNAVAILABLE' })).toBe(1);
  });

  it('count as failures by code if no attempt follows', async () => {
    fake.add();
    await store.change([{ ...(await claimOne()), to: 'FAILED', set: { error: error('CORRUPT') } }]);
    expect(await value('docstream_failures_total', { code: 'CORRUPT' })).toBe(1);
  });

  it('count as neither if a stopping worker releases the document', async () => {
    fake.add({ error: error('INTERNAL'), attempt: 1 });
    await store.change([{ ...(await claimOne()), to: 'PENDING', set: {} }]);
    expect(await value('docstream_retries_total', { code: 'INTERNAL' })).toBe(0);
    expect(await value('docstream_document_changes_total', { status: 'PENDING' })).toBe(1);
  });

  it('count as WORKER_LOST if a lease expired, or as failures on the last attempt', async () => {
    await store.reclaimExpiredLeases({ all: false });
    expect(await value('docstream_retries_total', { code: 'WORKER_LOST' })).toBe(1);
    expect(await value('docstream_failures_total', { code: 'ATTEMPTS_EXHAUSTED' })).toBe(1);
  });
});

/** Creates metrics of their own: one registry rejects a second store. */
function createTwin(): Metrics['registry'] {
  metrics = createMetrics({ role: 'test' });
  return metrics.registry;
}

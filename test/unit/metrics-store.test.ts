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

const error = (code: ProcessingError['code']): ProcessingError => ({
  code,
  cause: null,
  message: 'a message',
  retryable: true,
  stage: 'EXTRACTING',
});

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

describe('what goes through the store', () => {
  it('is counted by the status it leads to', async () => {
    fake.add();
    const place = await claimOne();
    await store.change([{ ...place, to: 'VECTORIZING' }]);
    await store.markDeleting('alice', 'any');
    for (const status of ['EXTRACTING', 'VECTORIZING', 'DELETING'])
      expect([status, await value('docstream_document_changes_total', { status })]).toEqual([
        status,
        1,
      ]);
    expect(await value('docstream_document_changes_total', { status: 'COMPLETED' })).toBe(0);
  });

  it('is not counted when it was not written', async () => {
    fake.add();
    const place = await claimOne();
    fake.takeLease(place.documentId);
    expect(await store.change([{ ...place, to: 'VECTORIZING' }])).toEqual([null]);
    expect(await value('docstream_document_changes_total', { status: 'VECTORIZING' })).toBe(0);
  });

  it('tells documents that were taken from those that were there already', async () => {
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
  it('are counted by what they gave', async () => {
    fake.add();
    fake.add();
    await store.claim({ limit: 5, leaseMs: 1_000, maxPerUser: 5 });
    await store.claim({ limit: 5, leaseMs: 1_000, maxPerUser: 5 });
    expect(await value('docstream_claims_total', { outcome: 'some' })).toBe(1);
    expect(await value('docstream_claims_total', { outcome: 'none' })).toBe(1);
    expect(await value('docstream_claimed_documents_total')).toBe(2);
    expect(await value('docstream_claim_duration_seconds_count')).toBe(2);
  });

  it('that the database refuses are counted, and still refused', async () => {
    const failing = measureStore(createTwin(), {
      ...fake,
      claim: () => Promise.reject(new Error('away')),
    } as unknown as DocumentStore);
    await expect(failing.claim({ limit: 1, leaseMs: 1, maxPerUser: 1 })).rejects.toThrow('away');
    expect(await value('docstream_claims_total', { outcome: 'failed' })).toBe(1);
  });

  it('of a first try tell how long the document has waited since it was due', async () => {
    const now = Date.now();
    fake.add({ createdAt: new Date(now - 3_600_000), scheduledFor: new Date(now - 7_000) });
    await claimOne();
    expect(await value('docstream_document_wait_seconds_count')).toBe(1);
    expect(await value('docstream_document_wait_seconds_sum')).toBeCloseTo(7, 0);
  });

  it('of a later try tell nothing of waiting, which was on purpose', async () => {
    fake.add({ attempt: 1 });
    await claimOne();
    expect(await value('docstream_document_wait_seconds_count')).toBe(0);
  });
});

describe('tries without success', () => {
  it('are retries by their code while another one comes', async () => {
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

  it('are failures by their code at the end', async () => {
    fake.add();
    await store.change([{ ...(await claimOne()), to: 'FAILED', set: { error: error('CORRUPT') } }]);
    expect(await value('docstream_failures_total', { code: 'CORRUPT' })).toBe(1);
  });

  it('are neither when a stopping worker gives the document back, whatever its last error was', async () => {
    fake.add({ error: error('INTERNAL'), attempt: 1 });
    await store.change([{ ...(await claimOne()), to: 'PENDING', set: {} }]);
    expect(await value('docstream_retries_total', { code: 'INTERNAL' })).toBe(0);
    expect(await value('docstream_document_changes_total', { status: 'PENDING' })).toBe(1);
  });

  it('are WORKER_LOST when a lease ran out, and a failure when it was the last one', async () => {
    await store.reclaimExpiredLeases({ all: false });
    expect(await value('docstream_retries_total', { code: 'WORKER_LOST' })).toBe(1);
    expect(await value('docstream_failures_total', { code: 'ATTEMPTS_EXHAUSTED' })).toBe(1);
  });
});

/** The metrics of the test are its own: a second store in one registry would be refused. */
function createTwin(): Metrics['registry'] {
  metrics = createMetrics({ role: 'test' });
  return metrics.registry;
}

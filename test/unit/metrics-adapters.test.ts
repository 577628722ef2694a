import { readFileSync } from 'node:fs';
import { showBacklog, showLag } from '../../src/metrics/backlog.js';
import { countSockets, createWatcherGauge } from '../../src/metrics/connections.js';
import { createEmbeddingMetrics } from '../../src/metrics/embedding.js';
import { createMetrics, type Metrics } from '../../src/metrics/metrics.js';
import { measureProcess } from '../../src/metrics/process.js';
import { measureRelay } from '../../src/metrics/relay.js';
import { measureStore } from '../../src/metrics/store.js';
import { measureVectors } from '../../src/metrics/vectors.js';
import type { Backlog, DocumentStore, LogRecord } from '../../src/documents/ports.js';
import type { Attempt } from '../../src/documents/process-attempt.js';
import { createStatusHub, type StatusHub } from '../../src/status/hub.js';
import { createFakeBus } from '../support/fake-bus.js';
import { createFakeEmbedder, createFakeVectors } from '../support/fake-adapters.js';
import { createFakeStore } from '../support/fake-store.js';
import { makeDocument } from '../support/make-document.js';
import { makeLogger } from '../support/make-logger.js';
import { parseExposition, valueOf, type Exposition } from '../support/prometheus.js';

let metrics: Metrics;

beforeEach(() => {
  metrics = createMetrics({ role: 'test' });
});

async function render(): Promise<Exposition> {
  return parseExposition((await metrics.render()).text);
}

async function value(name: string, labels?: Record<string, string>): Promise<number | undefined> {
  return valueOf(await render(), name, labels);
}

function makeAttempt(signal = new AbortController().signal): Attempt {
  const document = makeDocument({ status: 'EXTRACTING' });
  return {
    claim: { document, leaseToken: 'a-token' },
    signal,
    reportProgress: () => undefined,
    change: async ({ to }) => ({ ...document, status: to }),
  };
}

describe('processing a document', () => {
  const stage = (name: string, outcome: string) =>
    value('docstream_stage_duration_seconds_count', { stage: name, outcome });

  it('is measured stage by stage', async () => {
    const process = measureProcess(
      metrics.registry,
      async (attempt) => {
        await attempt.change({ to: 'VECTORIZING' });
        expect(await value('docstream_worker_running_documents')).toBe(1);
        await attempt.change({ to: 'COMPLETED' });
      },
      { concurrency: 4 },
    );
    await process(makeAttempt());
    expect([
      await stage('EXTRACTING', 'done'),
      await stage('VECTORIZING', 'done'),
      await stage('COMPLETED', 'done'),
    ]).toEqual([1, 1, undefined]);
    expect(await value('docstream_worker_running_documents')).toBe(0);
    expect(await value('docstream_worker_concurrency')).toBe(4);
  });

  it('counts the stage in which it failed, and rejects with the same error', async () => {
    const process = measureProcess(
      metrics.registry,
      async (attempt) => {
        await attempt.change({ to: 'VECTORIZING' });
        throw new Error('broken');
      },
      { concurrency: 1 },
    );
    await expect(process(makeAttempt())).rejects.toThrow('broken');
    expect([await stage('EXTRACTING', 'done'), await stage('VECTORIZING', 'failed')]).toEqual([
      1, 1,
    ]);
    expect(await value('docstream_worker_running_documents')).toBe(0);
  });

  it('counts a lost lease as interrupted, not as failed', async () => {
    const process = measureProcess(
      metrics.registry,
      ({ signal }) => Promise.reject(signal.reason as Error),
      { concurrency: 1 },
    );
    await expect(process(makeAttempt(AbortSignal.abort(new Error('lost'))))).rejects.toThrow(
      'lost',
    );
    expect([await stage('EXTRACTING', 'interrupted'), await stage('EXTRACTING', 'failed')]).toEqual(
      [1, undefined],
    );
  });
});

describe('embedding', () => {
  it('counts calls by outcome, and the texts of successful ones', async () => {
    const { onCall, onRateLimited } = createEmbeddingMetrics(metrics.registry);
    onCall({ texts: 96, durationMs: 200, outcome: 'repeated' });
    onCall({ texts: 96, durationMs: 100, outcome: 'answered' });
    onRateLimited(96, 1_500);
    const exposition = await render();
    expect(valueOf(exposition, 'docstream_embedding_calls_total', { outcome: 'repeated' })).toBe(1);
    expect(valueOf(exposition, 'docstream_embedding_calls_total', { outcome: 'answered' })).toBe(1);
    expect(valueOf(exposition, 'docstream_embedding_texts_total')).toBe(96);
    expect(valueOf(exposition, 'docstream_embedding_wait_seconds_sum')).toBe(1.5);
    expect(
      valueOf(exposition, 'docstream_embedding_call_duration_seconds_sum', { outcome: 'answered' }),
    ).toBe(0.1);
  });

  it('shows the texts that wait for the bucket, even if the wait is rejected', async () => {
    const turn = Promise.withResolvers<void>();
    const { measureBucket } = createEmbeddingMetrics(metrics.registry);
    const bucket = measureBucket({ take: (_count: number, _signal: AbortSignal) => turn.promise });
    const taking = bucket.take(40, new AbortController().signal);
    expect(await value('docstream_embedding_waiting_texts')).toBe(40);
    turn.reject(new Error('stopped'));
    await expect(taking).rejects.toThrow('stopped');
    expect(await value('docstream_embedding_waiting_texts')).toBe(0);
  });

  it('counts each request to the local embedder as a call', async () => {
    const embedder = createEmbeddingMetrics(metrics.registry).measureEmbedder(createFakeEmbedder());
    expect(await embedder.embed(['a', 'b'], 'document')).toHaveLength(2);
    expect(await value('docstream_embedding_calls_total', { outcome: 'answered' })).toBe(1);
    expect(await value('docstream_embedding_texts_total')).toBe(2);
  });
});

describe('the vector store', () => {
  it('is measured by operation and outcome', async () => {
    const vectors = measureVectors(metrics.registry, {
      ...createFakeVectors(),
      search: () => Promise.reject(new Error('away')),
    });
    await vectors.store('alice', []);
    await expect(vectors.search({} as never)).rejects.toThrow('away');
    const name = 'docstream_vector_store_duration_seconds_count';
    expect(await value(name, { operation: 'store', outcome: 'done' })).toBe(1);
    expect(await value(name, { operation: 'search', outcome: 'failed' })).toBe(1);
  });
});

describe('the relay', () => {
  const record = (topic: string): LogRecord => ({
    topic,
    key: 'a-key',
    headers: {},
    value: 'a value',
  });

  it('counts acknowledged records by topic, without refused ones', async () => {
    const { eventLog, latestPublisher } = measureRelay(metrics.registry, {
      eventLog: { publish: async () => [{ index: 1, reason: 'TOO_LARGE' }] },
      latestPublisher: { assign: async () => undefined, publish: async () => undefined },
      shards: () => [1, 2, 3],
    });
    expect(await eventLog.publish([record('a'), record('b'), record('a')])).toHaveLength(1);
    await latestPublisher.publish(1, [record('c')]);
    const counts = await Promise.all(
      ['a', 'b', 'c'].map((topic) => value('docstream_relay_records_total', { topic })),
    );
    expect(counts).toEqual([2, undefined, 1]);
    expect(await value('docstream_relay_refused_records_total')).toBe(1);
    expect(await value('docstream_relay_shards')).toBe(3);
  });

  it('counts nothing if the event log fails', async () => {
    const { eventLog } = measureRelay(metrics.registry, {
      eventLog: { publish: () => Promise.reject(new Error('away')) },
      latestPublisher: { assign: async () => undefined, publish: async () => undefined },
      shards: () => [],
    });
    await expect(eventLog.publish([record('a')])).rejects.toThrow('away');
    expect(await value('docstream_relay_records_total', { topic: 'a' })).toBeUndefined();
    expect(
      await value('docstream_relay_send_duration_seconds_count', {
        lane: 'all',
        outcome: 'failed',
      }),
    ).toBe(1);
  });
});

describe('watchers', () => {
  const store = createFakeStore();
  let hub: StatusHub;
  const watchers = (kind: string) => value('docstream_subscriptions', { kind });

  beforeEach(() => {
    const onWatcher = createWatcherGauge(metrics.registry);
    hub = createStatusHub({ bus: createFakeBus(), store, logger: makeLogger(), onWatcher });
  });

  it('are counted until they leave, whether they read or not', async () => {
    const { id, userId } = store.add();
    const one = await hub.watchDocument({ userId, documentId: id, completeOnTerminal: false });
    const all = await hub.watchUser({ userId, changedSince: new Date() });
    expect([await watchers('document'), await watchers('user')]).toEqual([1, 1]);
    await one?.return?.();
    await one?.return?.();
    expect([await watchers('document'), await watchers('user')]).toEqual([0, 1]);
    await all.return?.();
    expect(await watchers('user')).toBe(0);
  });

  it('are not counted after their stream has ended', async () => {
    const { id, userId } = store.add({ status: 'COMPLETED' });
    const stream = await hub.watchDocument({ userId, documentId: id, completeOnTerminal: true });
    const seen = [];
    for await (const event of stream ?? []) seen.push(event.status);
    expect(seen).toEqual(['COMPLETED']);
    expect(await watchers('document')).toBe(0);
  });

  it('are not counted if there is no document', async () => {
    expect(
      await hub.watchDocument({ userId: 'nobody', documentId: 'none', completeOnTerminal: false }),
    ).toBeNull();
    expect(await watchers('document')).toBe(0);
  });

  it('use WebSockets, which are counted by protocol', async () => {
    const clients = new Set(['a', 'b']);
    countSockets(metrics.registry, { graphql: { clients }, plain: { clients: new Set() } });
    expect(await value('docstream_websockets', { protocol: 'graphql' })).toBe(2);
    clients.delete('a');
    expect(await value('docstream_websockets', { protocol: 'graphql' })).toBe(1);
    expect(await value('docstream_websockets', { protocol: 'plain' })).toBe(0);
  });
});

const BACKLOG: Backlog = {
  documents: {
    PENDING: 7,
    EXTRACTING: 1,
    VECTORIZING: 2,
    COMPLETED: 100,
    FAILED: 3,
    CANCELLED: 0,
    DELETING: 0,
  },
  oldestWaitingSeconds: 12.5,
  outbox: { rows: 9, oldestSeconds: 0.5, parkedRows: 1 },
  latestQueueRows: 4,
  unreadableMessages: 5,
  cleanupOverdueSeconds: 0,
};

describe('the backlog', () => {
  it('is shown as the database returns it', async () => {
    showBacklog(metrics, async () => BACKLOG);
    const exposition = await render();
    expect(valueOf(exposition, 'docstream_documents', { status: 'PENDING' })).toBe(7);
    expect(valueOf(exposition, 'docstream_documents', { status: 'COMPLETED' })).toBe(100);
    expect(valueOf(exposition, 'docstream_oldest_waiting_seconds')).toBe(12.5);
    expect(valueOf(exposition, 'docstream_outbox_rows')).toBe(9);
    expect(valueOf(exposition, 'docstream_outbox_oldest_seconds')).toBe(0.5);
    expect(valueOf(exposition, 'docstream_dead_letters', { kind: 'MESSAGE_UNREADABLE' })).toBe(5);
    expect(valueOf(exposition, 'docstream_dead_letters', { kind: 'DOCUMENT_FAILED' })).toBe(3);
    expect(valueOf(exposition, 'docstream_dead_letters', { kind: 'EVENT_REFUSED' })).toBe(1);
  });

  it('is missing, not zero, while the database is unavailable', async () => {
    showBacklog(metrics, () => Promise.reject(new Error('away')));
    showLag(metrics, {
      group: 'a-group',
      topic: 'a-topic',
      read: () => Promise.reject(new Error('away')),
    });
    const exposition = await render();
    const shown = [...exposition.values()]
      .filter(({ samples }) => samples.length > 0)
      .map(({ name }) => name);
    expect(
      shown.filter((name) =>
        /documents$|waiting|outbox|latest|letters|cleanup|lag_messages/.test(name),
      ),
    ).toEqual([]);
    expect(valueOf(exposition, 'docstream_scrape_failures_total', { source: 'database' })).toBe(1);
    expect(valueOf(exposition, 'docstream_scrape_failures_total', { source: 'kafka' })).toBe(1);
  });
});

describe('docs/metrics.md', () => {
  it('has a row for every docstream metric and no other', async () => {
    const rows = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8').matchAll(
      /^\| `(docstream_[a-z_]+)` \|/gm,
    );
    const embedding = createEmbeddingMetrics(metrics.registry);
    embedding.measureEmbedder(createFakeEmbedder());
    measureStore(metrics.registry, createFakeStore() as unknown as DocumentStore);
    measureProcess(metrics.registry, async () => undefined, { concurrency: 1 });
    measureVectors(metrics.registry, createFakeVectors());
    measureRelay(metrics.registry, {
      eventLog: { publish: async () => [] },
      latestPublisher: { assign: async () => undefined, publish: async () => undefined },
      shards: () => [],
    });
    createWatcherGauge(metrics.registry);
    countSockets(metrics.registry, {});
    showBacklog(metrics, async () => BACKLOG);
    showLag(metrics, { group: 'a-group', topic: 'a-topic', read: async () => 0 });
    const ours = [...(await render()).keys()].filter((name) => name.startsWith('docstream_'));
    expect([...rows].map(([, name]) => name).sort()).toEqual(ours.sort());
  });
});

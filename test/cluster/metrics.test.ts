import { execFile } from 'node:child_process';
import { upload } from '../support/client.js';
import { startCluster, type Cluster } from '../support/cluster.js';
import { newUser } from '../support/documents.js';
import type { Product } from '../support/product.js';
import { scrape, valueOf } from '../support/prometheus.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { eventually, within } from '../support/wait.js';

const DOCUMENTS = 5;
const MINUTE = 60_000;
/** The processes cache the figures of the database and of Kafka for a moment. */
const WAIT = { timeoutMs: MINUTE, everyMs: 500 };
const JOBS = 'docstream.jobs.v1';
const LAG = { group: 'docstream-vectorize', topic: JOBS };

const user = newUser('metrics-name');
const ids: string[] = [];
let cluster: Cluster;
let api: Product;
let relay: Product;
let worker: Product;
let proxy: TcpProxy | undefined;

beforeAll(async () => {
  cluster = await startCluster({ apis: 1, workers: 0, relays: 0 });
  const [first] = cluster.apis;
  if (!first) throw new Error('no API');
  api = first;
  for (let index = 0; index < DOCUMENTS; index += 1) {
    const content = `Harbour ${index}, its lighthouse and the lamp.`;
    ids.push((await upload(api.url, user, { name: `${index}.txt`, content })).document.id);
  }
}, 2 * MINUTE);

afterAll(async () => {
  await proxy?.close();
  await cluster.close();
});

async function readValues(
  product: Product,
  metrics: Record<string, [name: string, labels?: Record<string, string>]>,
): Promise<Record<string, number | undefined>> {
  const exposition = await scrape(product.url);
  return Object.fromEntries(
    Object.entries(metrics).map(([key, [name, labels]]) => [
      key,
      valueOf(exposition, name, labels),
    ]),
  );
}

/**
 * The tests follow the life of a document: each one starts from the state after the previous one.
 */
describe('metrics of a cluster', () => {
  it('count unpublished rows and waiting documents at the API, and report their age', async () => {
    await eventually(async () => {
      const seen = await readValues(api, {
        pending: ['docstream_documents', { status: 'PENDING' }],
        outbox: ['docstream_outbox_rows'],
        accepted: ['docstream_uploads_total', { outcome: 'accepted' }],
      });
      expect(seen).toEqual({ pending: DOCUMENTS, outbox: 2 * DOCUMENTS, accepted: DOCUMENTS });
      const ages = await readValues(api, {
        outbox: ['docstream_outbox_oldest_seconds'],
        waiting: ['docstream_oldest_waiting_seconds'],
      });
      expect(ages['outbox']).toBeGreaterThan(0);
      expect(ages['waiting']).toBeGreaterThan(0);
      return true;
    }, WAIT);
  });

  it('count the published records at the relay, and report the lag without workers', async () => {
    relay = await cluster.start('relay');
    await eventually(async () => {
      const seen = await readValues(relay, {
        outbox: ['docstream_outbox_rows'],
        latest: ['docstream_latest_queue_rows'],
        events: ['docstream_relay_records_total', { topic: 'docstream.document-status.v1' }],
        newest: ['docstream_relay_records_total', { topic: 'docstream.document-status-latest.v1' }],
        jobs: ['docstream_relay_records_total', { topic: JOBS }],
        shards: ['docstream_relay_shards'],
      });
      expect(seen).toEqual({
        outbox: 0,
        latest: 0,
        events: DOCUMENTS,
        newest: DOCUMENTS,
        jobs: DOCUMENTS,
        shards: 16,
      });
      const { lag } = await readValues(relay, { lag: ['docstream_consumer_lag_messages', LAG] });
      expect(lag).toBeGreaterThanOrEqual(DOCUMENTS);
      return true;
    }, WAIT);
  });

  it('count claims, stages and calls to Cohere at the worker, and report no lag', async () => {
    worker = await cluster.start('worker');
    await eventually(async () => {
      const seen = await readValues(worker, {
        claimed: ['docstream_claimed_documents_total'],
        completed: ['docstream_document_changes_total', { status: 'COMPLETED' }],
        stages: [
          'docstream_stage_duration_seconds_count',
          { stage: 'VECTORIZING', outcome: 'done' },
        ],
        waited: ['docstream_document_wait_seconds_count'],
        stored: [
          'docstream_vector_store_duration_seconds_count',
          { operation: 'store', outcome: 'done' },
        ],
        running: ['docstream_worker_running_documents'],
      });
      const all = {
        claimed: DOCUMENTS,
        completed: DOCUMENTS,
        stages: DOCUMENTS,
        waited: DOCUMENTS,
        stored: DOCUMENTS,
        running: 0,
      };
      expect(seen).toEqual(all);
      const embedding = await readValues(worker, {
        calls: ['docstream_embedding_calls_total', { outcome: 'answered' }],
        texts: ['docstream_embedding_texts_total'],
        waited: ['docstream_embedding_wait_seconds_count'],
        waiting: ['docstream_embedding_waiting_texts'],
      });
      // One more call with one text checks at the start that Cohere responds.
      expect(embedding['texts']).toBe(DOCUMENTS + 1);
      expect(embedding['calls']).toBeGreaterThanOrEqual(2);
      expect(embedding['waited']).toBeGreaterThanOrEqual(1);
      expect(embedding['waiting']).toBe(0);
      return true;
    }, WAIT);
    await eventually(
      async () =>
        (await readValues(relay, { lag: ['docstream_consumer_lag_messages', LAG] }))['lag'] === 0,
      WAIT,
    );
  });

  it('count unreadable messages as dead letters', async () => {
    const countDeadLetters = async () =>
      valueOf(await scrape(relay.url), 'docstream_dead_letters', { kind: 'MESSAGE_UNREADABLE' });
    const before = (await countDeadLetters()) ?? 0;
    await publish('this is no JSON');
    await eventually(async () => (await countDeadLetters()) === before + 1, WAIT);
  });

  it('name the role of the process, and leave figures of the cluster out at workers', async () => {
    for (const [role, product] of Object.entries({ api, worker, relay })) {
      const exposition = await scrape(product.url);
      expect([role, valueOf(exposition, 'docstream_process_info', { role })]).toEqual([role, 1]);
      expect([role, exposition.has('docstream_documents')]).toEqual([role, role !== 'worker']);
    }
  });

  it('contain no user, document or secret', async () => {
    for (const product of [api, worker, relay]) {
      const text = await (await fetch(`${product.url}/metrics`)).text();
      const secret = cluster.env['COHERE_API_KEY'] ?? 'no key';
      for (const word of [...ids, user.slice('dev:'.length), secret])
        expect(text).not.toContain(word);
    }
  });

  it('leave out the figures of a silent database, count the failure, and recover', async () => {
    const address = new URL(cluster.env['DATABASE_URL'] ?? '');
    proxy = await startTcpProxy({ host: address.hostname, port: Number(address.port) });
    address.port = String(proxy.port);
    const silenced = await cluster.start('api', { DATABASE_URL: address.href });
    const metrics: Parameters<typeof readValues>[1] = {
      pending: ['docstream_documents', { status: 'PENDING' }],
      failures: ['docstream_scrape_failures_total', { source: 'database' }],
      info: ['docstream_process_info', { role: 'api' }],
    };
    expect(await readValues(silenced, metrics)).toEqual({ pending: 0, failures: 0, info: 1 });
    proxy.setSilent(true);
    await eventually(async () => {
      const seen = await within(
        readValues(silenced, metrics),
        5_000,
        'a scrape while the database is silent',
      );
      expect(seen).toEqual({ pending: undefined, failures: 1, info: 1 });
      return true;
    }, WAIT);
    proxy.setSilent(false);
    await eventually(async () => (await readValues(silenced, metrics))['pending'] === 0, WAIT);
  });
});

/** Publishes a record with kcat, which shares no code with the product. */
async function publish(value: string): Promise<void> {
  const options = ['-P', '-b', cluster.env['KAFKA_BROKERS'] ?? '', '-t', JOBS, '-k', 'a-key'];
  const done = Promise.withResolvers<void>();
  const kcat = execFile('kcat', options, { timeout: MINUTE }, (error) =>
    error ? done.reject(error) : done.resolve(),
  );
  kcat.stdin?.end(value);
  await done.promise;
}

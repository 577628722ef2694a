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
/** Answers of the database and of Kafka are kept for a moment. */
const PATIENT = { timeoutMs: MINUTE, everyMs: 500 };
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
  for (let number = 0; number < DOCUMENTS; number += 1) {
    const content = `Harbour ${number}, its keeper and the lamp.`;
    ids.push((await upload(api.url, user, { name: `${number}.txt`, content })).document.id);
  }
}, 2 * MINUTE);

afterAll(async () => {
  await proxy?.close();
  await cluster.close();
});

const values = async (
  product: Product,
  wanted: Record<string, [name: string, labels?: Record<string, string>]>,
) => {
  const exposition = await scrape(product.url);
  return Object.fromEntries(
    Object.entries(wanted).map(([key, [name, labels]]) => [key, valueOf(exposition, name, labels)]),
  );
};

/** In the order of a document's way: each test goes on where the one before has ended. */
describe('metrics of a cluster', () => {
  it('show at the API what no relay has sent and no worker has taken, and how long that has been so', async () => {
    await eventually(async () => {
      const seen = await values(api, {
        pending: ['docstream_documents', { status: 'PENDING' }],
        outbox: ['docstream_outbox_rows'],
        accepted: ['docstream_uploads_total', { outcome: 'accepted' }],
      });
      expect(seen).toEqual({ pending: DOCUMENTS, outbox: 2 * DOCUMENTS, accepted: DOCUMENTS });
      const ages = await values(api, {
        outbox: ['docstream_outbox_oldest_seconds'],
        waiting: ['docstream_oldest_waiting_seconds'],
      });
      expect(ages['outbox']).toBeGreaterThan(0);
      expect(ages['waiting']).toBeGreaterThan(0);
      return true;
    }, PATIENT);
  });

  it('show at the relay what it sends, and the lag of workers that there are not', async () => {
    relay = await cluster.start('relay');
    await eventually(async () => {
      const seen = await values(relay, {
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
      const { lag } = await values(relay, { lag: ['docstream_consumer_lag_messages', LAG] });
      expect(lag).toBeGreaterThanOrEqual(DOCUMENTS);
      return true;
    }, PATIENT);
  });

  it('show at the worker what it claims and what it asks Cohere for; the lag is gone', async () => {
    worker = await cluster.start('worker');
    await eventually(async () => {
      const seen = await values(worker, {
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
      const embedding = await values(worker, {
        calls: ['docstream_embedding_calls_total', { outcome: 'answered' }],
        texts: ['docstream_embedding_texts_total'],
        paced: ['docstream_embedding_wait_seconds_count'],
        waiting: ['docstream_embedding_waiting_texts'],
      });
      // And one of each for the question whether Cohere answers.
      expect(embedding['texts']).toBe(DOCUMENTS + 1);
      expect(embedding['calls']).toBeGreaterThanOrEqual(2);
      expect(embedding['paced']).toBeGreaterThanOrEqual(1);
      expect(embedding['waiting']).toBe(0);
      return true;
    }, PATIENT);
    await eventually(
      async () =>
        (await values(relay, { lag: ['docstream_consumer_lag_messages', LAG] }))['lag'] === 0,
      PATIENT,
    );
  });

  it('show messages that nobody can read as dead letters', async () => {
    const letters = async () =>
      (
        await values(relay, { letters: ['docstream_dead_letters', { kind: 'MESSAGE_UNREADABLE' }] })
      )['letters'];
    const before = (await letters()) ?? 0;
    await publish('this is no JSON');
    await eventually(async () => (await letters()) === before + 1, PATIENT);
  });

  it('tell which process tells them, and what is true of all of them not at every worker', async () => {
    for (const [role, product] of Object.entries({ api, worker, relay })) {
      const exposition = await scrape(product.url);
      expect([role, valueOf(exposition, 'docstream_process_info', { role })]).toEqual([role, 1]);
      expect([role, exposition.has('docstream_documents')]).toEqual([role, role !== 'worker']);
    }
  });

  it('name no user, no document and no secret in any label', async () => {
    for (const product of [api, worker, relay]) {
      const text = await (await fetch(`${product.url}/metrics`)).text();
      const secret = cluster.env['COHERE_API_KEY'] ?? 'no key';
      for (const word of [...ids, user.slice('dev:'.length), secret])
        expect(text).not.toContain(word);
    }
  });

  it('are told without the database’s within seconds while it is silent, that is counted, and all of them afterwards', async () => {
    const address = new URL(cluster.env['DATABASE_URL'] ?? '');
    proxy = await startTcpProxy({ host: address.hostname, port: Number(address.port) });
    address.port = String(proxy.port);
    const behind = await cluster.start('api', { DATABASE_URL: address.href });
    const wanted: Parameters<typeof values>[1] = {
      pending: ['docstream_documents', { status: 'PENDING' }],
      failures: ['docstream_scrape_failures_total', { source: 'database' }],
      info: ['docstream_process_info', { role: 'api' }],
    };
    expect(await values(behind, wanted)).toEqual({ pending: 0, failures: 0, info: 1 });
    proxy.setSilent(true);
    await eventually(async () => {
      const seen = await within(
        values(behind, wanted),
        5_000,
        'a scrape while the database is silent',
      );
      expect(seen).toEqual({ pending: undefined, failures: 1, info: 1 });
      return true;
    }, PATIENT);
    proxy.setSilent(false);
    await eventually(async () => (await values(behind, wanted))['pending'] === 0, PATIENT);
  });
});

/** As another program would: kcat knows nothing of our code. */
async function publish(value: string): Promise<void> {
  const words = ['-P', '-b', cluster.env['KAFKA_BROKERS'] ?? '', '-t', JOBS, '-k', 'a-key'];
  const done = Promise.withResolvers<void>();
  const kcat = execFile('kcat', words, { timeout: MINUTE }, (error) =>
    error ? done.reject(error) : done.resolve(),
  );
  kcat.stdin?.end(value);
  await done.promise;
}

/** Stopped and killed processes of a running cluster: others take over and lose nothing. */
import { randomUUID } from 'node:crypto';
import { gql, upload, waitForStatus } from '../support/client.js';
import { startCluster, type Cluster } from '../support/cluster.js';
import { cohereControl, type CohereControl } from '../support/cohere-stand-in/start.js';
import { longText, newUser } from '../support/documents.js';
import { deleteTopics, openKafka, readTopic } from '../support/kafka.js';
import type { Product } from '../support/product.js';
import { eventually, within } from '../support/wait.js';

const LEASE_MS = 3_000;

let cluster: Cluster;
let cohere: CohereControl;
const url = (api = 0) => cluster.apis[api]?.url ?? '';

beforeAll(async () => {
  cluster = await startCluster({
    apis: 2,
    workers: 1,
    relays: 1,
    env: { LEASE_MS: String(LEASE_MS), RETRY_DELAYS: '100ms' },
  });
  cohere = cohereControl(cluster.env['COHERE_BASE_URL'] ?? '');
}, 120_000);
beforeEach(() => cohere.order({ reset: true }));
afterAll(async () => {
  await cohere.order({ reset: true });
  await cluster.close();
});

const send = (token: string, content = `text ${randomUUID()}`) =>
  upload(url(), token, { name: 'a.txt', content });

async function statusOf(id: string): Promise<string> {
  const [row] = await cluster.query<{ status: string }>(
    'select status from documents where id = $1',
    [id],
  );
  return row?.status ?? 'none';
}

async function historyOf(
  id: string,
): Promise<{ seq: number; status: string; code: string | null }[]> {
  return cluster.query(
    `select seq, upper(status) as status, error_code as code from document_events where document_id = $1 order by seq`,
    [id],
  );
}

async function waitForRowStatus(id: string, status: string, timeoutMs = 30_000): Promise<void> {
  await eventually(async () => (await statusOf(id)) === status, {
    timeoutMs,
    what: `status ${status} of ${id}`,
  });
}

/** Uploads a document and waits until its embedding call hangs. Cohere responds after a reset. */
async function sendAndHang(token: string): Promise<string> {
  await cohere.order({ responses: [{ hang: true, times: 100 }] });
  const { document } = await send(token);
  await eventually(async () => (await cohere.counts()).open === 1, {
    what: 'an open call to Cohere',
  });
  return document.id;
}

interface Published {
  documentId: string;
  id: string;
  status: string;
}

/** Waits until the outbox is empty and returns all events that Kafka has. */
async function readPublished(): Promise<Published[]> {
  await eventually(async () => (await cluster.query('select 1 from outbox')).length === 0, {
    timeoutMs: 30_000,
    what: 'an empty outbox',
  });
  return (await readTopic('docstream.document-status.v1')).map(({ key, headers, value }) => ({
    documentId: key,
    id: String(headers?.['ce_id']),
    status: (JSON.parse(String(value)) as { status: string }).status,
  }));
}

const publishedOf = async (id: string) =>
  (await readPublished()).filter(({ documentId }) => documentId === id);

describe('a stopped or killed worker', () => {
  it('returns its document to PENDING at a stop, exits with 0 and leaves the group', async () => {
    const token = newUser();
    await cluster.workers[0]?.restart({ SHUTDOWN_DEADLINE_MS: '3000' });
    const id = await sendAndHang(token);
    await cluster.workers[0]?.stop();
    expect(await statusOf(id)).toBe('pending');
    await cohere.order({ reset: true });
    cluster.workers.splice(0, 1, await cluster.start('worker'));
    await waitForRowStatus(id, 'completed', 10_000);
    const history = await historyOf(id);
    expect(history.some(({ code }) => code === 'WORKER_LOST')).toBe(false);
    expect(history.map(({ status }) => status)).toContain('PENDING');
    const { kafka } = openKafka();
    const admin = kafka.admin();
    await admin.connect();
    const { groups } = await admin.describeGroups(['docstream-vectorize']);
    await admin.disconnect();
    expect(groups[0]?.members).toHaveLength(1);
  });

  it('completes its document before it stops, if the document ends in time', async () => {
    const token = newUser();
    await cohere.order({ latencyMs: 800 });
    const { document } = await send(token);
    await eventually(async () => (await cohere.counts()).open === 1, {
      what: 'an open call to Cohere',
    });
    await cluster.workers[0]?.stop();
    expect(await statusOf(document.id)).toBe('completed');
    cluster.workers.splice(0, 1, await cluster.start('worker'));
  });

  it('loses its document to another worker when the lease expires', async () => {
    const token = newUser();
    const id = await sendAndHang(token);
    await cluster.workers[0]?.kill();
    expect(await statusOf(id)).toBe('vectorizing');
    await cohere.order({ reset: true });
    cluster.workers.splice(0, 1, await cluster.start('worker'));
    await waitForRowStatus(id, 'completed');
    const history = await historyOf(id);
    expect(
      history.filter(({ status, code }) => status === 'PENDING' && code === 'WORKER_LOST'),
    ).toHaveLength(1);
    expect(history.map(({ seq }) => seq)).toEqual(history.map((_, index) => index + 1));
  });
});

describe('a stopped, killed or missing relay', () => {
  it('loses its shards to another relay, which publishes everything in order', async () => {
    const token = newUser();
    const other = await cluster.start('relay');
    const ids: string[] = [];
    for (let sent = 0; sent < 40; sent += 1) {
      ids.push((await send(token)).document.id);
      if (sent === 20) await cluster.relays[0]?.kill();
    }
    for (const id of ids) await waitForRowStatus(id, 'completed');
    const all = await readPublished();
    for (const id of ids) {
      const inOrder = [
        ...new Set(all.filter(({ documentId }) => documentId === id).map((event) => event.id)),
      ];
      expect(inOrder).toEqual((await historyOf(id)).map(({ seq }) => `${id}:${seq}`));
    }
    cluster.relays.splice(0, 1, other);
  }, 120_000);

  it('exits with 0 at a stop and leaves all shards to the other relay', async () => {
    const other = await cluster.start('relay');
    await cluster.relays[0]?.stop();
    cluster.relays.splice(0, 1, other);
    const { document } = await send(newUser());
    await waitForRowStatus(document.id, 'completed');
    expect((await publishedOf(document.id)).at(-1)?.status).toBe('COMPLETED');
  });

  it('delays only the records in Kafka, which the next relay publishes', async () => {
    await cluster.relays[0]?.stop();
    const token = newUser();
    const { document } = await send(token);
    expect((await waitForStatus(url(1), token, document.id, 'COMPLETED')).at(-1)?.status).toBe(
      'COMPLETED',
    );
    expect(await cluster.query('select 1 from outbox')).not.toEqual([]);
    cluster.relays.splice(0, 1, await cluster.start('relay'));
    expect((await publishedOf(document.id)).map(({ status }) => status)).toEqual(
      (await historyOf(document.id)).map(({ status }) => status),
    );
  });
});

describe('a stopped or killed API process', () => {
  it('leaves its documents to the other API process, which reports their end', async () => {
    const token = newUser();
    const extra = await cluster.start('api');
    const { document } = await upload(extra.url, token, {
      name: 'long.txt',
      content: longText(40),
    });
    await extra.kill();
    expect((await waitForStatus(url(0), token, document.id, 'COMPLETED')).at(-1)?.status).toBe(
      'COMPLETED',
    );
  });

  it('closes its WebSockets with 1012 at a stop and exits with 0', async () => {
    const extra = await cluster.start('api');
    const socket = new WebSocket(`${extra.url.replace('http', 'ws')}/ws`);
    socket.onopen = () => socket.send(JSON.stringify({ type: 'auth', token: newUser() }));
    const closed = new Promise<number>((resolve) => (socket.onclose = ({ code }) => resolve(code)));
    await new Promise((resolve) => (socket.onmessage = resolve));
    await extra.stop();
    expect(await within(closed, 5_000, 'the close of the socket')).toBe(1012);
  });
});

describe('deleted topics', () => {
  it('are recreated while the cluster runs and contain the events published later', async () => {
    const { kafka } = openKafka();
    await deleteTopics(kafka, ['docstream.jobs.v1', 'docstream.document-status.v1']);
    const token = newUser();
    const { document } = await send(token);
    await waitForRowStatus(document.id, 'completed');
    cluster.relays.push(await cluster.start('relay'));
    await eventually(async () => (await publishedOf(document.id)).at(-1)?.status === 'COMPLETED', {
      timeoutMs: 60_000,
      everyMs: 1_000,
      what: 'the events in the new topic',
    });
    const next = await send(token);
    await waitForRowStatus(next.document.id, 'completed');
  }, 150_000);
});

it('shows the same status in both APIs after these faults, without a logged error', async () => {
  const token = newUser();
  const { document } = await send(token);
  await waitForStatus(url(1), token, document.id, 'COMPLETED');
  const { document: seen } = await gql<{ document: { status: string } }>(
    url(0),
    token,
    'query($id: ID!) { document(id: $id) { status } }',
    { id: document.id },
  );
  expect(seen.status).toBe('COMPLETED');
  expect(cluster.apis.map((api: Product) => /"level":(50|60)/.test(api.logs()))).toEqual([
    false,
    false,
  ]);
});

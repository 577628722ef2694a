/** Records of the job topic that are invalid, repeated or late. */
import { randomUUID } from 'node:crypto';
import { gql, upload, waitForStatus } from '../support/client.js';
import { startCluster, type Cluster } from '../support/cluster.js';
import { newUser, uploadCompleted } from '../support/documents.js';
import { openKafka, readTopic, withAdmin } from '../support/kafka.js';
import { eventually } from '../support/wait.js';

const JOBS = 'docstream.jobs.v1';
const GROUP = 'docstream-vectorize';

let cluster: Cluster;
const url = () => cluster.apis[0]?.url ?? '';

beforeAll(async () => {
  cluster = await startCluster({ apis: 1, workers: 2, relays: 1 });
}, 120_000);
afterAll(() => cluster.close());

/** Sends records as any client of Kafka can. */
async function produce(messages: { key: string | null; value: string | null }[]): Promise<void> {
  const producer = openKafka().kafka.producer();
  await producer.connect();
  await producer.send({ topic: JOBS, messages });
  await producer.disconnect();
}

/** Waits until the workers have committed the offset of every record in the topic. */
async function waitUntilCommitted(): Promise<void> {
  await eventually(hasCommittedAll, {
    timeoutMs: 30_000,
    everyMs: 200,
    what: 'a commit of every record',
  });
}

async function hasCommittedAll(): Promise<boolean> {
  return withAdmin(openKafka().kafka, async (admin) => {
    const [committed] = await admin.fetchOffsets({ groupId: GROUP, topics: [JOBS] });
    const ends = await admin.fetchTopicOffsets(JOBS);
    return ends.every(({ partition, high }) => {
      const position = committed?.partitions.find((other) => other.partition === partition);
      return high === '0' || position?.offset === high;
    });
  });
}

async function readReasons(): Promise<string[]> {
  const rows = await cluster.query<{ reason: string }>(
    'select reason from dead_letters order by reason',
  );
  return rows.map(({ reason }) => reason);
}

it('stores and publishes unreadable records as dead letters and blocks no job', async () => {
  const id = randomUUID();
  await produce([
    { key: id, value: 'no JSON' },
    { key: id, value: JSON.stringify({ version: 99, documentId: id, generation: 1 }) },
    { key: null, value: JSON.stringify({ version: 1, documentId: id, generation: 1 }) },
    { key: id, value: null },
    { key: id, value: JSON.stringify({ version: 1, documentId: 'not-an-id', generation: 1 }) },
    { key: id, value: 'x'.repeat(1_000_000) },
  ]);
  await waitUntilCommitted();
  expect(await readReasons()).toEqual([
    'INVALID',
    'NOT_JSON',
    'NO_KEY',
    'NO_VALUE',
    'TOO_LARGE',
    'UNKNOWN_VERSION',
  ]);
  await eventually(async () => (await cluster.query('select 1 from outbox')).length === 0, {
    what: 'an empty outbox',
  });
  const published = (await readTopic('docstream.dead-letter.v1')).map(
    ({ value }) => JSON.parse(String(value)) as { reason?: string },
  );
  for (const reason of await readReasons())
    expect(published.map((deadLetter) => deadLetter.reason)).toContain(reason);
  await uploadCompleted(url(), newUser(), { name: 'after.txt', content: 'after the junk' });
});

it('ignores jobs of documents that do not exist', async () => {
  const token = newUser();
  const id = await uploadCompleted(url(), token, { name: 'gone.txt', content: 'soon gone' });
  await gql(url(), token, 'mutation($id: ID!) { deleteDocument(id: $id) { id } }', { id });
  const before = await readReasons();
  await produce(
    [id, randomUUID()].map((documentId) => ({
      key: documentId,
      value: JSON.stringify({ version: 1, documentId, generation: 1 }),
    })),
  );
  await waitUntilCommitted();
  expect(await readReasons()).toEqual(before);
  await uploadCompleted(url(), token, { name: 'next.txt', content: 'the next one' });
});

it('processes a document once although two workers receive its job 50 times', async () => {
  const token = newUser();
  const { document } = await upload(url(), token, { name: 'often.txt', content: 'sent often' });
  const value = JSON.stringify({ version: 1, documentId: document.id, generation: 1 });
  await produce(Array.from({ length: 50 }, () => ({ key: document.id, value })));
  await waitForStatus(url(), token, document.id, 'COMPLETED');
  await waitUntilCommitted();
  const [row] = await cluster.query('select status, attempt, seq from documents where id = $1', [
    document.id,
  ]);
  expect(row).toEqual({ status: 'completed', attempt: 1, seq: 4 });
  const logs = cluster.workers.map((worker) => worker.logs()).join('');
  expect(
    logs
      .split('\n')
      .filter((line) => line.includes(document.id) && line.includes('"status":"EXTRACTING"')),
  ).toHaveLength(1);
});

it('keeps the contents of records and files out of the logs', () => {
  for (const product of [...cluster.apis, ...cluster.workers, ...cluster.relays]) {
    expect(product.logs()).not.toMatch(/xxxxxxxxxx|soon gone|sent often|no JSON/);
  }
});

/** What comes into the topic of jobs and is no job, and what is a job too often or too late. */
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

/** As anybody on this Kafka can. */
async function produce(messages: { key: string | null; value: string | null }[]): Promise<void> {
  const producer = openKafka().kafka.producer();
  await producer.connect();
  await producer.send({ topic: JOBS, messages });
  await producer.disconnect();
}

/** Everything in the topic was read, settled and committed. */
const untilSettled = () =>
  eventually(
    () =>
      withAdmin(openKafka().kafka, async (admin) => {
        const [committed] = await admin.fetchOffsets({ groupId: GROUP, topics: [JOBS] });
        const ends = await admin.fetchTopicOffsets(JOBS);
        return ends.every(({ partition, high }) => {
          const offset = committed?.partitions.find(
            (place) => place.partition === partition,
          )?.offset;
          return high === '0' || offset === high;
        });
      }),
    { timeoutMs: 30_000, everyMs: 200, what: 'every message to be settled' },
  );

const reasons = async () =>
  (await cluster.query<{ reason: string }>('select reason from dead_letters order by reason')).map(
    ({ reason }) => reason,
  );

it('messages that nobody can read are kept with their reason, announced, and hold up nothing', async () => {
  const id = randomUUID();
  await produce([
    { key: id, value: 'no JSON' },
    { key: id, value: JSON.stringify({ version: 99, documentId: id, generation: 1 }) },
    { key: null, value: JSON.stringify({ version: 1, documentId: id, generation: 1 }) },
    { key: id, value: null },
    { key: id, value: JSON.stringify({ version: 1, documentId: 'not-an-id', generation: 1 }) },
    { key: id, value: 'x'.repeat(1_000_000) },
  ]);
  await untilSettled();
  expect(await reasons()).toEqual([
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
  const announced = (await readTopic('docstream.dead-letter.v1')).map(
    ({ value }) => JSON.parse(String(value)) as { reason?: string },
  );
  for (const reason of await reasons())
    expect(announced.map((letter) => letter.reason)).toContain(reason);
  await uploadCompleted(url(), newUser(), { name: 'after.txt', content: 'after the junk' });
});

it('a job for a document that is gone, or was never there, is a look at the queue and no more', async () => {
  const token = newUser();
  const id = await uploadCompleted(url(), token, { name: 'gone.txt', content: 'soon gone' });
  await gql(url(), token, 'mutation($id: ID!) { deleteDocument(id: $id) { id } }', { id });
  const before = await reasons();
  await produce(
    [id, randomUUID()].map((gone) => ({
      key: gone,
      value: JSON.stringify({ version: 1, documentId: gone, generation: 1 }),
    })),
  );
  await untilSettled();
  expect(await reasons()).toEqual(before);
  await uploadCompleted(url(), token, { name: 'next.txt', content: 'the next one' });
});

it('the same job 50 times, over two workers, is done once', async () => {
  const token = newUser();
  const { document } = await upload(url(), token, { name: 'often.txt', content: 'told often' });
  const value = JSON.stringify({ version: 1, documentId: document.id, generation: 1 });
  await produce(Array.from({ length: 50 }, () => ({ key: document.id, value })));
  await waitForStatus(url(), token, document.id, 'COMPLETED');
  await untilSettled();
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

it('what a client sent is in no log, whatever became of it', () => {
  for (const product of [...cluster.apis, ...cluster.workers, ...cluster.relays]) {
    expect(product.logs()).not.toMatch(/xxxxxxxxxx|soon gone|told often|no JSON/);
  }
});

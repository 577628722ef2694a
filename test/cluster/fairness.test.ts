/** One user has thousands of waiting documents, and another user has one. */
import { upload, waitForStatus } from '../support/client.js';
import { startCluster, type Cluster } from '../support/cluster.js';
import { cohereControl } from '../support/cohere-stand-in/start.js';
import { newUser } from '../support/documents.js';
import { eventually } from '../support/wait.js';

const MANY = 2_000;
const CONCURRENCY = 4;
/**
 * The most documents that may complete before the single one: those that run already, those claimed
 * together with it, and a margin of 4.
 */
const MAX_BEFORE_SINGLE = 2 * CONCURRENCY + 4;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({
    apis: 1,
    workers: 0,
    relays: 1,
    env: { WORKER_CONCURRENCY: String(CONCURRENCY) },
  });
  await cohereControl(cluster.env['COHERE_BASE_URL'] ?? '').order({ reset: true, latencyMs: 60 });
}, 120_000);
afterAll(async () => {
  await cohereControl(cluster.env['COHERE_BASE_URL'] ?? '').order({ reset: true });
  await cluster.close();
});

const url = () => cluster.apis[0]?.url ?? '';

async function countCompleted(user: string): Promise<number> {
  const rows = await cluster.query<{ count: string }>(
    `select count(*) from documents where user_id = $1 and status = 'completed'`,
    [user],
  );
  return Number(rows[0]?.count);
}

it(`completes a single document after a few of another user's ${MANY}`, async () => {
  const many = newUser('many');
  const single = newUser('single');
  const user = many.replace('dev:', '');
  for (let sent = 0; sent < MANY; sent += 50) {
    await Promise.all(
      Array.from({ length: 50 }, (_, step) =>
        upload(url(), many, { name: `${sent + step}.txt`, content: `text ${sent + step}` }),
      ),
    );
  }
  await cluster.start('worker');
  await eventually(async () => (await countCompleted(user)) > 20, {
    timeoutMs: 30_000,
    what: 'more than 20 completed documents',
  });
  const { document } = await upload(url(), single, {
    name: 'single.txt',
    content: 'only this one',
  });
  const before = await countCompleted(user);
  await waitForStatus(url(), single, document.id, 'COMPLETED');
  const after = await countCompleted(user);
  expect(after).toBeLessThan(MANY / 2);
  expect(after - before).toBeLessThanOrEqual(MAX_BEFORE_SINGLE);
}, 180_000);

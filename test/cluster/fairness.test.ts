/** One user who has thousands of documents waiting, and another one who has one. */
import { upload, waitForStatus } from '../support/client.js';
import { startCluster, type Cluster } from '../support/cluster.js';
import { cohereControl } from '../support/cohere-stand-in/start.js';
import { newUser } from '../support/documents.js';
import { eventually } from '../support/wait.js';

const MANY = 2_000;
const CONCURRENCY = 4;
/**
 * What runs already when the single one comes, once more for what was claimed beside it, and a few.
 */
const A_FEW = 2 * CONCURRENCY + 4;

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

async function completedOf(user: string): Promise<number> {
  const rows = await cluster.query<{ count: string }>(
    `select count(*) from documents where user_id = $1 and status = 'completed'`,
    [user],
  );
  return Number(rows[0]?.count);
}

it(`a single document is done after a few of somebody's ${MANY}`, async () => {
  const [many, single] = [newUser('many'), newUser('single')];
  const user = many.replace('dev:', '');
  for (let sent = 0; sent < MANY; sent += 50) {
    await Promise.all(
      Array.from({ length: 50 }, (_, step) =>
        upload(url(), many, { name: `${sent + step}.txt`, content: `text ${sent + step}` }),
      ),
    );
  }
  await cluster.start('worker');
  await eventually(async () => (await completedOf(user)) > 20, {
    timeoutMs: 30_000,
    what: 'the many to be under way',
  });
  const { document } = await upload(url(), single, {
    name: 'single.txt',
    content: 'only this one',
  });
  const before = await completedOf(user);
  await waitForStatus(url(), single, document.id, 'COMPLETED');
  const after = await completedOf(user);
  expect(after).toBeLessThan(MANY / 2);
  expect(after - before).toBeLessThanOrEqual(A_FEW);
}, 180_000);

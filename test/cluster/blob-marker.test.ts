/** Processes that do not see each other's files say so, and touch no document. */
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { upload, waitForStatus } from '../support/client.js';
import { startCluster, type Cluster } from '../support/cluster.js';
import { newUser } from '../support/documents.js';
import type { Product } from '../support/product.js';
import { eventually } from '../support/wait.js';

let cluster: Cluster;
let folder: string;
const url = () => cluster.apis[0]?.url ?? '';
const file = (content: string) => ({ name: 'note.txt', content });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docstream-other-files-'));
  cluster = await startCluster({ apis: 1, workers: 0, relays: 1 });
}, 120_000);
afterAll(async () => {
  await cluster.close();
  await rm(folder, { recursive: true, force: true });
});

/** Says what it waits for, in the log and in /readyz. */
async function expectNoMarker(product: Product): Promise<void> {
  await eventually(() => product.logs().includes('"dependency":"blob marker"'), {
    timeoutMs: 30_000,
    what: 'the log line',
  });
  expect(product.logs()).toContain('Set BLOB_URL to the same store');
  const response = await fetch(`${product.url}/readyz`);
  expect([response.status, await response.json()]).toMatchObject([
    503,
    { parts: { 'blob marker': false } },
  ]);
}

it('a worker with other files is not ready and leaves the documents to others; so does an API', async () => {
  const token = newUser();
  const elsewhere = { BLOB_URL: pathToFileURL(join(folder, 'blobs')).href };
  const [worker, api] = await Promise.all([
    cluster.start('worker', elsewhere, 'alive'),
    cluster.start('api', elsewhere, 'alive'),
  ]);
  const { document } = await upload(url(), token, file('Bees make honey.'));
  await Promise.all([expectNoMarker(worker), expectNoMarker(api)]);
  const [row] = await cluster.query('select status, attempt from documents where id = $1', [
    document.id,
  ]);
  expect(row).toEqual({ status: 'pending', attempt: 0 });
  cluster.workers.push(await cluster.start('worker'));
  await waitForStatus(url(), token, document.id, 'COMPLETED');
  await Promise.all([worker.stop(), api.stop()]);
});

it('files that are gone for a while, as when a folder is not mounted, cost no document; nothing is taken meanwhile', async () => {
  const token = newUser();
  const blobs = fileURLToPath(cluster.env['BLOB_URL'] ?? '');
  const [worker] = cluster.workers;
  if (!worker) throw new Error('no worker');
  await rename(blobs, `${blobs}-away`);
  const unready = async (product: Product) => (await fetch(`${product.url}/readyz`)).status === 503;
  await eventually(async () => (await unready(worker)) && unready({ ...worker, url: url() }), {
    what: '503 of both',
  });
  await expect(upload(url(), token, file('Knots hold ropes.'))).rejects.toThrow(
    /DEPENDENCY_UNAVAILABLE|not available|try again/i,
  );
  await rename(`${blobs}-away`, blobs);
  await eventually(
    async () => !(await unready(worker)) && !(await unready({ ...worker, url: url() })),
    { what: 'ready again' },
  );
  const { document } = await upload(url(), token, file('Knots hold ropes well.'));
  await waitForStatus(url(), token, document.id, 'COMPLETED');
});

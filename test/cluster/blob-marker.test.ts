/** Processes with different file stores report it and process no document. */
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

/** Expects that the log and /readyz name the blob marker that the process waits for. */
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

it('keeps a worker and an API with a different file store from getting ready', async () => {
  const token = newUser();
  const otherStore = { BLOB_URL: pathToFileURL(join(folder, 'blobs')).href };
  const [worker, api] = await Promise.all([
    cluster.start('worker', otherStore, 'alive'),
    cluster.start('api', otherStore, 'alive'),
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

it('rejects uploads while the file store is missing and loses no document', async () => {
  const token = newUser();
  const blobs = fileURLToPath(cluster.env['BLOB_URL'] ?? '');
  const [worker] = cluster.workers;
  if (!worker) throw new Error('no worker');
  await rename(blobs, `${blobs}-away`);
  const isUnready = async (product: Product) =>
    (await fetch(`${product.url}/readyz`)).status === 503;
  await eventually(async () => (await isUnready(worker)) && isUnready({ ...worker, url: url() }), {
    what: '503 from both processes',
  });
  await expect(upload(url(), token, file('Knots hold ropes.'))).rejects.toThrow(
    /DEPENDENCY_UNAVAILABLE|not available|try again/i,
  );
  await rename(`${blobs}-away`, blobs);
  await eventually(
    async () => !(await isUnready(worker)) && !(await isUnready({ ...worker, url: url() })),
    { what: 'the readiness of both processes' },
  );
  const { document } = await upload(url(), token, file('Knots hold ropes well.'));
  await waitForStatus(url(), token, document.id, 'COMPLETED');
});

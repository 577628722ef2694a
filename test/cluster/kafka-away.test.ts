/**
 * A new Kafka, and a Kafka that is killed and restarted while the cluster works. This file runs its
 * own Kafka, because other files need theirs.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv, promisify } from 'node:util';
import { upload, waitForStatus } from '../support/client.js';
import { startCluster, type Cluster } from '../support/cluster.js';
import { newUser } from '../support/documents.js';
import { eventually } from '../support/wait.js';

const SCRIPT = fileURLToPath(new URL('../../scripts/services.mjs', import.meta.url));

const run = promisify(execFile);

let folder: string;
let brokers: string;
let cluster: Cluster;
const services = (...options: string[]) =>
  run(process.execPath, [SCRIPT, ...options, '--folder', folder], { timeout: 120_000 });
const url = () => cluster.apis[0]?.url ?? '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docstream-kafka-'));
  await services('up', 'kafka');
  brokers = parseEnv(await readFile(join(folder, 'services.env'), 'utf8'))['KAFKA_BROKERS'] ?? '';
  cluster = await startCluster({ apis: 1, workers: 2, relays: 1, env: { KAFKA_BROKERS: brokers } });
}, 180_000);
afterAll(async () => {
  await cluster.close();
  await services('down', '--remove');
  await rm(folder, { recursive: true, force: true });
});

const send = async (token: string, content: string) =>
  (await upload(url(), token, { name: 'a.txt', content })).document.id;

async function readPublishedIds(): Promise<string[]> {
  const { stdout } = await run(
    'kcat',
    [
      '-b',
      brokers,
      '-C',
      '-t',
      'docstream.document-status.v1',
      '-o',
      'beginning',
      '-e',
      '-q',
      '-f',
      '%h\\n',
    ],
    {
      timeout: 60_000,
    },
  );
  return stdout.split('\n').flatMap((line) => /ce_id=([^,]+)/.exec(line)?.[1] ?? []);
}

it('gets all processes ready on a new Kafka, without a warning', async () => {
  for (const product of [...cluster.apis, ...cluster.workers, ...cluster.relays]) {
    expect((await fetch(`${product.url}/readyz`)).status).toBe(200);
    expect(product.logs().split('\n').filter(isWarning)).toEqual([]);
  }
});

/** Pino's level 30 is info. */
function isWarning(line: string): boolean {
  return line.startsWith('{') && (JSON.parse(line) as { level: number | string }).level !== 30;
}

it('processes documents without Kafka, and publishes every event in order afterwards', async () => {
  const token = newUser();
  const ids = [await send(token, 'before')];
  await waitForStatus(url(), token, ids[0] ?? '', 'COMPLETED');
  await services('stop', 'kafka', '--kill');

  for (const content of ['one', 'two', 'three', 'four', 'five'])
    ids.push(await send(token, `without Kafka, ${content}`));
  for (const id of ids)
    expect((await waitForStatus(url(), token, id, 'COMPLETED')).at(-1)?.status).toBe('COMPLETED');
  expect((await fetch(`${url()}/readyz`)).status).toBe(200);
  const relay = cluster.relays[0];
  await eventually(async () => (await fetch(`${relay?.url ?? ''}/readyz`)).status === 503, {
    timeoutMs: 30_000,
    what: '503 from the relay',
  });
  expect((await fetch(`${relay?.url ?? ''}/healthz`)).status).toBe(200);
  expect((await cluster.query('select 1 from outbox')).length).toBeGreaterThan(0);

  await services('start', 'kafka');
  await eventually(
    async () =>
      (await cluster.query('select 1 from outbox union all select 1 from latest_queue')).length ===
      0,
    {
      timeoutMs: 90_000,
      everyMs: 500,
      what: 'an empty outbox',
    },
  );
  const published = await readPublishedIds();
  for (const id of ids) {
    const rows = await cluster.query<{ seq: number }>(
      'select seq from document_events where document_id = $1 order by seq',
      [id],
    );
    const ceIds = [...new Set(published.filter((ceId) => ceId.startsWith(id)))];
    expect(ceIds).toEqual(rows.map(({ seq }) => `${id}:${seq}`));
  }
  await eventually(async () => (await fetch(`${relay?.url ?? ''}/readyz`)).status === 200, {
    timeoutMs: 30_000,
    what: '200 from the relay',
  });
  await eventually(
    async () => (await fetch(`${cluster.workers[0]?.url ?? ''}/readyz`)).status === 200,
    {
      timeoutMs: 30_000,
      what: '200 from the worker',
    },
  );
  const last = await send(token, 'after');
  expect((await waitForStatus(url(), token, last, 'COMPLETED')).at(-1)?.status).toBe('COMPLETED');
}, 240_000);

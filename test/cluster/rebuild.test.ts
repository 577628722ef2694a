/** `npm run rebuild` restores vectors and topics from PostgreSQL and the files. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startCluster, type Cluster } from '../support/cluster.js';
import { newUser, search, uploadCompleted } from '../support/documents.js';
import { deleteTopics, openKafka, readTopic } from '../support/kafka.js';
import { runProduct } from '../support/product.js';
import { eventually } from '../support/wait.js';
import { countObjects } from '../support/weaviate.js';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
const STATUS = 'docstream.document-status.v1';
const LATEST = 'docstream.document-status-latest.v1';

let cluster: Cluster;
let token: string;
const ids: string[] = [];
const url = () => cluster.apis[0]?.url ?? '';

beforeAll(async () => {
  cluster = await startCluster({ apis: 1, workers: 1, relays: 1 });
  token = newUser();
  for (const content of [
    'Bees make honey in a hive.',
    'Volcanoes throw out lava.',
    'Knots hold ropes.',
  ]) {
    ids.push(await uploadCompleted(url(), token, { name: `${content.slice(0, 4)}.txt`, content }));
  }
}, 120_000);
afterAll(() => cluster.close());

async function rebuild(...options: string[]): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, ['dist/src/rebuild.js', ...options], {
    cwd: PROJECT,
    env: { PATH: process.env['PATH'] ?? '', ...cluster.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => output.push(text));
  const [code] = (await once(child, 'close')) as [number];
  return { code, output: output.join('') };
}

async function stopAll(): Promise<void> {
  for (const product of [...cluster.workers, ...cluster.relays, ...cluster.apis])
    await product.stop();
}

async function startAll(env: Record<string, string> = {}): Promise<void> {
  for (const product of [...cluster.apis, ...cluster.workers, ...cluster.relays])
    await product.restart(env);
}

async function findVolcano(): Promise<string[]> {
  const hits = await search(url(), token, { query: 'lava of a volcano', first: 1 });
  return hits.map(({ document }) => document.id);
}

it('rejects an unknown rebuild with one line and exit code 1', async () => {
  expect(await rebuild('everything')).toEqual({
    code: 1,
    output: 'Unknown rebuild "everything". Available rebuilds: vectors, topics, files.\n',
  });
  expect((await rebuild()).code).toBe(1);
  expect(await findVolcano()).toEqual([ids[1]]);
});

it('rejects vectors of another length until `vectors` embeds every document again', async () => {
  await stopAll();
  const env = { ...cluster.env, COHERE_DIMENSIONS: '512', PORT: '0' };
  const rejected = await runProduct(env);
  expect(rejected.code).toBe(1);
  expect(rejected.output).toContain('npm run rebuild -- vectors');
  cluster.env['COHERE_DIMENSIONS'] = '512';
  const { code, output } = await rebuild('vectors');
  expect([code, output]).toEqual([
    0,
    expect.stringMatching(/^Deleted all vectors and queued 3 documents again/m),
  ]);
  await startAll({ COHERE_DIMENSIONS: '512' });
  await eventually(
    async () =>
      (await cluster.query(`select 1 from documents where status = 'completed'`)).length === 3,
    {
      timeoutMs: 30_000,
      what: 'three completed documents',
    },
  );
  expect(await findVolcano()).toEqual([ids[1]]);
  expect(await countObjects(token.replace('dev:', ''))).toBe(3);
  const rows = await cluster.query<{ generation: number; live: number }>(
    'select generation, live_generation as live from documents',
  );
  expect(rows.map(({ generation, live }) => [generation, live])).toEqual([
    [2, 2],
    [2, 2],
    [2, 2],
  ]);
}, 150_000);

it('publishes every event again, in order, after the loss of the topics', async () => {
  await stopAll();
  await deleteTopics(openKafka().kafka, [STATUS, LATEST]);
  const { code } = await rebuild('topics');
  expect(code).toBe(0);
  await startAll();
  const outstanding = 'select 1 from outbox union all select 1 from latest_queue';
  await eventually(async () => (await cluster.query(outstanding)).length === 0, {
    timeoutMs: 60_000,
    what: 'an empty outbox',
  });
  const history = await cluster.query<{ id: string; seq: number }>(
    'select document_id as id, seq from document_events order by document_id, seq',
  );
  const ceIds = (await readTopic(STATUS)).map(({ headers }) => String(headers?.['ce_id']));
  for (const id of ids) {
    const expected = history.filter((event) => event.id === id).map(({ seq }) => `${id}:${seq}`);
    expect(ceIds.filter((ceId) => ceId.startsWith(id))).toEqual(expected);
  }
  const latest = await readTopic(LATEST);
  for (const id of ids) {
    const last = latest.findLast(({ key }) => key === id);
    expect(JSON.parse(String(last?.value))).toMatchObject({ status: 'COMPLETED', generation: 2 });
  }
}, 150_000);

afterAll(async () => {
  // The other suites need vectors of the default length.
  cluster.env['COHERE_DIMENSIONS'] = '1024';
  await stopAll().catch(() => undefined);
  await rebuild('vectors');
});

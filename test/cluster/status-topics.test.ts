/** The public topics as other teams use them: with asyncapi.yaml, kcat and the two examples. */
import { spawn, execFile } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import kafkajs from 'kafkajs';
import { readAsyncApi, toRecordCheck } from '../support/asyncapi.js';
import { gql, upload } from '../support/client.js';
import { startCluster, type Cluster } from '../support/cluster.js';
import { serviceVariables } from '../support/services.js';
import { eventually, within } from '../support/wait.js';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
const NODE = `${PROJECT}node_modules/node/bin/node`;
const STATUS = 'docstream.document-status.v1';
const LATEST = 'docstream.document-status-latest.v1';
const TOKEN = `dev:status-topics-${process.pid.toString(36)}`;
const SECONDS = 1_000;
const EXAMPLES = [
  {
    name: 'kafkajs',
    command: NODE,
    options: ['examples/status-consumer-kafkajs/follow-status.ts'],
  },
  { name: 'kcat', command: 'examples/status-consumer-kcat/follow-status.sh', options: [] },
];

const brokers = (): string => serviceVariables()?.['KAFKA_BROKERS'] ?? '';
const api = readAsyncApi();

let cluster: Cluster;
/** The ids of a completed, a failed and a deleted document. */
let kept: string;
let failed: string;
let deleted: string;

beforeAll(async () => {
  cluster = await startCluster({ apis: 1, workers: 1, relays: 1 });
  kept = await uploadAs('kept.txt', 'Bees dance to show each other where the flowers are.');
  failed = await uploadAs('failed.txt', ' \n ');
  deleted = await uploadAs('gone.txt', 'Tides follow the moon.');
  await waitForRowStatus('completed', kept, deleted);
  await waitForRowStatus('failed', failed);
  await deleteDocument(deleted);
  await waitUntilPublished();
}, 120 * SECONDS);

afterAll(() => cluster.close());

async function uploadAs(name: string, content: string): Promise<string> {
  const { document } = await upload(cluster.apis[0]?.url ?? '', TOKEN, {
    name,
    content,
    options: { force: true },
  });
  return document.id;
}

async function deleteDocument(id: string): Promise<void> {
  await gql(
    cluster.apis[0]?.url ?? '',
    TOKEN,
    'mutation($id: ID!) { deleteDocument(id: $id) { __typename } }',
    { id },
  );
}

async function waitForRowStatus(status: string, ...ids: string[]): Promise<void> {
  await eventually(
    async () =>
      (
        await cluster.query('select 1 from documents where id = any($1) and status = $2', [
          ids,
          status,
        ])
      ).length === ids.length,
    { timeoutMs: 60 * SECONDS, what: `status ${status} of ${ids.length} documents` },
  );
}

/** Waits until the deleted document has left the database and every event is published. */
async function waitUntilPublished(): Promise<void> {
  const waiting = `select 1 from outbox union all select 1 from latest_queue union all select 1 from documents where status = 'deleting'`;
  await eventually(async () => (await cluster.query(waiting)).length === 0, {
    timeoutMs: 60 * SECONDS,
    what: 'an empty outbox and no deleting document',
  });
}

interface Line {
  topic: string;
  key: string | null;
  payload: string | null;
  headers?: string[];
}

async function readTopic(topic: string) {
  const options = ['-C', '-b', brokers(), '-t', topic, '-o', 'beginning', '-e', '-q', '-J'];
  const { stdout } = await promisify(execFile)('kcat', options, {
    maxBuffer: 1 << 30,
    timeout: 60 * SECONDS,
  });
  return stdout.split('\n').filter(Boolean).map(toRecord);
}

function toRecord(line: string) {
  const { topic, key, payload, headers = [] } = JSON.parse(line) as Line;
  const pairs = Array.from({ length: headers.length / 2 }, (_, index) => [
    headers[2 * index] ?? '',
    headers[2 * index + 1] ?? '',
  ]);
  const event = payload === null ? null : (JSON.parse(payload) as { seq: number; status: string });
  return {
    topic,
    key: key ?? '',
    value: payload,
    headers: Object.fromEntries(pairs) as Record<string, string>,
    event,
  };
}

describe('the running topics', () => {
  it('have the partitions and settings of asyncapi.yaml', async () => {
    const admin = new kafkajs.Kafka({
      brokers: brokers().split(','),
      logLevel: kafkajs.logLevel.NOTHING,
    }).admin();
    await admin.connect();
    try {
      for (const { address, bindings } of Object.values(api.channels)) {
        const { partitions, topicConfiguration } = bindings.kafka;
        const { topics } = await admin.fetchTopicMetadata({ topics: [address] });
        expect([address, topics[0]?.partitions.length]).toEqual([address, partitions]);
        const resource = {
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: address,
          configNames: Object.keys(topicConfiguration),
        };
        const { resources } = await admin.describeConfigs({
          includeSynonyms: false,
          resources: [resource],
        });
        const entries =
          resources[0]?.configEntries.map(({ configName, configValue }) => [
            configName,
            configValue,
          ]) ?? [];
        const expected = Object.entries(topicConfiguration).map(([name, value]) => [
          name,
          String(value),
        ]);
        expect(Object.fromEntries(entries)).toEqual(Object.fromEntries(expected));
      }
    } finally {
      await admin.disconnect();
    }
  });

  it.each([STATUS, LATEST])(
    'contain in %s only records that asyncapi.yaml describes, headers and keys included',
    async (topic) => {
      const check = toRecordCheck(api);
      const records = await readTopic(topic);
      expect(
        records.filter(({ key }) => [kept, failed, deleted].includes(key)).length,
      ).toBeGreaterThanOrEqual(3);
      for (const record of records) expect([record.key, check(record)]).toEqual([record.key, []]);
    },
  );

  it('contain a dead letter of the FAILED document as asyncapi.yaml describes it', async () => {
    const records = await readTopic('docstream.dead-letter.v1');
    const deadLetters = records.filter(({ key }) => key === failed);
    expect(deadLetters.map((record) => toRecordCheck(api)(record))).toEqual([[]]);
  });

  it('contain every seq of a document in order, with its key and ce_id', async () => {
    const records = await readTopic(STATUS);
    for (const [id, last] of [
      [kept, 'COMPLETED'],
      [failed, 'FAILED'],
      [deleted, 'DELETING'],
    ] as const) {
      const events = records.filter(({ key }) => key === id);
      const ids = [...new Set(events.map(({ headers }) => headers['ce_id']))];
      expect(ids).toEqual(ids.map((_, index) => `${id}:${index + 1}`));
      expect(events.at(-1)?.event?.status).toBe(last);
      expect(events.every(({ headers }) => headers['ce_subject'] === id)).toBe(true);
    }
  });

  it('keep the newest state or a tombstone of each document when compacted', async () => {
    const latest = new Map((await readTopic(LATEST)).map(({ key, event }) => [key, event]));
    for (const { id, seq, status } of await cluster.query<{
      id: string;
      seq: number;
      status: string;
    }>('select id, seq, status from documents'))
      expect(latest.get(id)).toMatchObject({ seq, status: status.toUpperCase() });
    expect(latest.get(deleted)).toBeNull();
  });
});

interface Follower {
  /** Returns the lines that the example printed about one document. */
  of(id: string): Record<string, unknown>[];
  /** Sends SIGTERM and returns the exit code. */
  stop(): Promise<number | null>;
  ended: Promise<number | null>;
  errors(): string;
}

function follow(
  { command, options }: (typeof EXAMPLES)[number],
  env: Record<string, string>,
): Follower {
  const child = spawn(command, options, {
    cwd: PROJECT,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: Record<string, unknown>[] = [];
  const errors: string[] = [];
  createInterface(child.stdout).on('line', (line) => {
    lines.push(JSON.parse(line) as Record<string, unknown>);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return {
    of: (id) => lines.filter((line) => line['documentId'] === id),
    errors: () => errors.join(''),
    ended,
    stop: async () => {
      child.kill('SIGTERM');
      return within(ended, 15 * SECONDS, 'the end of the example');
    },
  };
}

describe.each(EXAMPLES)('the example with $name', (example) => {
  let follower: Follower;
  let later: string;

  const waitForLine = (id: string, expected: object) =>
    eventually(
      () =>
        follower
          .of(id)
          .some((line) => Object.entries(expected).every(([name, value]) => line[name] === value)),
      {
        timeoutMs: 40 * SECONDS,
        what: `a line with ${JSON.stringify(expected)} of ${id}`,
      },
    );

  beforeAll(() => {
    follower = follow(example, { KAFKA_BROKERS: brokers() });
  });

  it('prints the last state of every document, and the deleted documents', async () => {
    const [row] = await cluster.query<{ seq: number }>('select seq from documents where id = $1', [
      kept,
    ]);
    const seq = row?.seq ?? 0;
    await waitForLine(kept, {
      id: `${kept}:${seq}`,
      seq,
      status: 'COMPLETED',
      filename: 'kept.txt',
    });
    await waitForLine(failed, { status: 'FAILED' });
    await waitForLine(deleted, { gone: true });
    expect(follower.of(deleted).at(-1)).toEqual({ documentId: deleted, gone: true });
  });

  it('prints each new state once and in order, until the document is deleted', async () => {
    later = await uploadAs('later.txt', `Glass is made of sand, for ${example.name}.`);
    await waitForLine(later, { status: 'COMPLETED' });
    await deleteDocument(later);
    await waitForLine(later, { gone: true });
    const states = follower.of(later) as { seq?: number; status?: string; gone?: true }[];
    const seqs = states.flatMap(({ seq }) => seq ?? []);
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
    expect(states.at(-1)).toEqual({ documentId: later, gone: true });
    expect(states.filter((state) => state.gone)).toHaveLength(1);
  });

  it('exits with 0 on SIGTERM', async () => {
    expect(await follower.stop()).toBe(0);
  });

  it.each<[string, Record<string, string>]>([
    ['KAFKA_BROKERS is not set', {}],
    ['no broker responds', { KAFKA_BROKERS: '127.0.0.1:1' }],
  ])('exits with an error code and a reason if %s', async (_what, env) => {
    const failing = follow(example, env);
    expect(await within(failing.ended, 40 * SECONDS, 'the end of the example')).toBeGreaterThan(0);
    expect(failing.errors()).toMatch(/KAFKA_BROKERS|127\.0\.0\.1:1|transport failure/);
  });
});

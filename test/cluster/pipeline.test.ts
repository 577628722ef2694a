import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gql, upload } from '../support/client.js';
import { startCluster, type Cluster } from '../support/cluster.js';
import { serviceVariables } from '../support/services.js';
import { eventually } from '../support/wait.js';
import { TRANSPORTS, type StatusEventSeen, type Watching } from '../support/watch.js';
import { countObjects } from '../support/weaviate.js';

const DOCUMENTS = 300;
const USERS = Array.from(
  { length: 5 },
  (_, number) => `cluster-${process.pid.toString(36)}-${number}`,
);
const CORPUS = [
  'knots.md',
  'tea.txt',
  'coffee.csv',
  'planets.json',
  'reefs.html',
  'bees.docx',
  'sourdough.pptx',
  'observatory.xlsx',
  'contract-law.odt',
  'volcanoes.pdf',
];
const MINUTES = 60_000;

let cluster: Cluster;
/** The events that each watcher saw, with one watcher for each user and API. */
let watchers: { user: string; api: number; seen: StatusEventSeen[]; watching: Watching }[];
const uploaded = new Map<string, string>();

beforeAll(async () => {
  cluster = await startCluster({ apis: 2, workers: 3, relays: 2 });
  watchers = USERS.flatMap((user) =>
    [0, 1].map((api) => {
      const transport = TRANSPORTS[api] ?? TRANSPORTS[0];
      const watching = transport?.watch(cluster.apis[api]?.url ?? '', `dev:${user}`, {});
      if (!watching) throw new Error('no transport');
      return { user, api, seen: [], watching };
    }),
  );
  for (const watcher of watchers) void follow(watcher.watching, watcher.seen);
  const contents = await Promise.all(
    CORPUS.map((name) => readFile(new URL(`../corpus/${name}`, import.meta.url))),
  );
  for (let first = 0; first < DOCUMENTS; first += 20)
    await Promise.all(Array.from({ length: 20 }, (_, step) => uploadOne(first + step, contents)));
  await eventually(
    async () => (await countDocuments("status in ('pending', 'extracting', 'vectorizing')")) === 0,
    {
      timeoutMs: 5 * MINUTES,
      everyMs: 250,
      what: 'the end of all documents',
    },
  );
}, 8 * MINUTES);

afterAll(async () => {
  await Promise.all(watchers.map(({ watching }) => watching.return()));
  await cluster.close();
});

async function uploadOne(number: number, contents: Buffer[]): Promise<void> {
  const user = USERS[number % USERS.length] ?? '';
  const position = Math.floor(number / USERS.length) % CORPUS.length;
  const api = cluster.apis[number % 2]?.url ?? '';
  const file = {
    name: `${number}-${CORPUS[position] ?? ''}`,
    content: contents[position] ?? '',
    options: { force: true },
  };
  const { document } = await upload(api, `dev:${user}`, file);
  uploaded.set(document.id, user);
}

async function follow(watching: Watching, seen: StatusEventSeen[]): Promise<void> {
  try {
    for await (const event of watching) seen.push(event);
  } catch {
    // The tests check the events that arrived.
  }
}

async function countDocuments(condition: string): Promise<number> {
  const [row] = await cluster.query<{ count: string }>(
    `select count(*) from documents where ${condition}`,
  );
  return Number(row?.count);
}

describe('300 documents of ten formats by five users, through two APIs', () => {
  it('end as COMPLETED', async () => {
    const rows = await cluster.query(
      'select id, status, error_code from documents where status <> $1',
      ['completed'],
    );
    expect(rows).toEqual([]);
    expect(await countDocuments('true')).toBe(DOCUMENTS);
  });

  it('run on every worker', () => {
    for (const worker of cluster.workers) expect(worker.logs()).toContain('"status":"COMPLETED"');
  });

  it('store exactly their chunks in Weaviate', async () => {
    const rows = await cluster.query<{ user_id: string; chunks: string }>(
      'select user_id, sum(chunk_count) as chunks from documents group by user_id',
    );
    expect(rows).toHaveLength(USERS.length);
    for (const { user_id: user, chunks } of rows)
      expect([user, await countObjects(user)]).toEqual([user, Number(chunks)]);
  });

  it('reach the watchers of their user on both APIs in order and to the end', async () => {
    for (const { user, seen } of watchers) {
      const ids = [...uploaded].filter(([, owner]) => owner === user).map(([id]) => id);
      await eventually(
        () =>
          ids.every((id) =>
            seen.some((event) => event.documentId === id && event.status === 'COMPLETED'),
          ),
        {
          timeoutMs: 10_000,
          what: `the last event of every document of ${user}`,
        },
      );
      expect(new Set(seen.map((event) => event.documentId))).toEqual(new Set(ids));
      for (const id of ids) {
        const positions = seen
          .filter((event) => event.documentId === id)
          .map((event) => event.seq * 1e6 + event.progress.done);
        expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
        expect(seen.filter((event) => event.documentId === id).at(-1)?.status).toBe('COMPLETED');
      }
    }
  });

  it('appear in the searches of their own user only', async () => {
    const operation =
      'query($query: String!) { search(query: $query, first: 5) { text document { id } } }';
    for (const user of USERS) {
      const { search } = await gql<{ search: { document: { id: string } }[] }>(
        cluster.apis[0]?.url ?? '',
        `dev:${user}`,
        operation,
        {
          query: 'volcano lava eruption',
        },
      );
      expect(search.length).toBeGreaterThan(0);
      expect(search.every(({ document }) => uploaded.get(document.id) === user)).toBe(true);
    }
  });

  it('leave the history of PostgreSQL in both status topics', async () => {
    await eventually(
      async () =>
        (await cluster.query('select 1 from outbox union all select 1 from latest_queue'))
          .length === 0,
      {
        timeoutMs: 60_000,
        what: 'an empty outbox',
      },
    );
    const history = await readTopic('docstream.document-status.v1');
    const latest = await readTopic('docstream.document-status-latest.v1');
    const rows = await cluster.query<{ id: string; seq: number }>('select id, seq from documents');
    for (const { id, seq } of rows) {
      const seqs = [
        ...new Set(history.filter(({ key }) => key === id).map(({ payload }) => payload?.seq)),
      ];
      expect(seqs).toEqual(Array.from({ length: seq }, (_, index) => index + 1));
      expect(latest.findLast(({ key }) => key === id)?.payload).toMatchObject({
        seq,
        status: 'COMPLETED',
      });
    }
  }, 120_000);
});

interface Message {
  key: string;
  payload: { seq: number; status: string } | null;
}

/** Reads a whole topic with kcat, which shares no code with the product. */
async function readTopic(topic: string): Promise<Message[]> {
  const brokers = serviceVariables()?.['KAFKA_BROKERS'] ?? '';
  const options = [
    '-C',
    '-b',
    brokers,
    '-t',
    topic,
    '-o',
    'beginning',
    '-e',
    '-q',
    '-X',
    'isolation.level=read_committed',
    '-J',
  ];
  const { stdout } = await promisify(execFile)('kcat', options, {
    maxBuffer: 1 << 30,
    timeout: 60_000,
  });
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const { key, payload } = JSON.parse(line) as { key: string; payload: string | null };
      return {
        key,
        payload: payload === null ? null : (JSON.parse(payload) as Message['payload']),
      };
    });
}

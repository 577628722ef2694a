/** The cost of many watchers: memory, reads and turns of the event loop. */
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Document, StatusEvent } from '../../src/documents/document.js';
import { createStatusHub, type StatusHub, type StatusStream } from '../../src/status/hub.js';
import { createFakeBus, type FakeBus } from '../support/fake-bus.js';
import { createFakeStore, type FakeStore } from '../support/fake-store.js';
import { makeDocument } from '../support/make-document.js';
import { makeLogger } from '../support/make-logger.js';
import { eventually } from '../support/wait.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const WATCH = { userId: 'alice', changedSince: new Date(0) };

let bus: FakeBus;
let store: FakeStore;
let hub: StatusHub;
let reads: number;

beforeEach(() => {
  bus = createFakeBus();
  store = createFakeStore();
  reads = 0;
  const recent: FakeStore['recent'] = async (...args) => {
    reads += 1;
    return structuredClone(await store.recent(...args));
  };
  hub = createStatusHub({ bus, logger: makeLogger(), store: { ...store, recent } });
});
afterEach(() => hub.stop());

function addMany(count: number): Document[] {
  const facts = { userId: 'alice', status: 'COMPLETED', seq: 4 } as const;
  return Array.from({ length: count }, () => store.add(facts));
}

function publishChange(document: Document, more: Partial<Document> = {}): void {
  bus.publish(store.set(document.id, more));
}

async function next(stream: StatusStream): Promise<StatusEvent> {
  const { value } = await stream.next();
  if (!value) throw new Error('the stream has ended');
  return value;
}

/** Opens watchers one after the other; each reads its first event only. */
async function watchUnread(count: number): Promise<StatusStream[]> {
  const streams: StatusStream[] = [];
  for (let index = 0; index < count; index += 1) {
    const stream = await hub.watchUser(WATCH);
    await next(stream);
    streams.push(stream);
  }
  return streams;
}

async function heapGrowthOf(work: () => Promise<unknown>): Promise<number> {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const kept = [await work()];
  await turn();
  collectGarbage();
  const growth = process.memoryUsage().heapUsed - before;
  expect(kept).toHaveLength(1);
  return growth;
}

describe('list watchers that nobody reads', () => {
  it('cost less than 10 kB each beyond the events that they share', async () => {
    addMany(1_000);
    const first = await watchUnread(50);
    const growth = await heapGrowthOf(() => watchUnread(200));
    expect(growth).toBeLessThan(200 * 10_000);
    expect(first).toHaveLength(50);
  });

  it('cost less than 10 kB each although everything changes before each of them starts', async () => {
    let seq = 0;
    const recent: FakeStore['recent'] = async () => {
      seq += 1;
      return Array.from({ length: 1_000 }, (_, index) =>
        makeDocument({ id: String(index), status: 'COMPLETED', seq }),
      );
    };
    hub = createStatusHub({ bus, logger: makeLogger(), store: { ...store, recent } });
    await watchUnread(10);
    const streams: StatusStream[] = [];
    const growth = await heapGrowthOf(async () => {
      while (streams.length < 200) {
        streams.push(...(await watchUnread(10)));
        // Collects lists without a watcher; a list that a watcher holds must be found again.
        await turn();
        collectGarbage();
      }
    });
    expect(growth).toBeLessThan(streams.length * 10_000);
  });

  it('get the rest of the list in its newest state when they are read at last', async () => {
    const documents = addMany(30);
    const [unread] = await watchUnread(1);
    const delivered = new Map<string, number[]>();
    for (const document of documents.slice(0, 10)) {
      publishChange(document, { status: 'PENDING' });
      await watchUnread(1);
    }
    while (delivered.size < 29) {
      const { documentId, seq } = await next(unread as StatusStream);
      delivered.set(documentId, [...(delivered.get(documentId) ?? []), seq]);
    }
    for (const [id, seqs] of delivered) {
      expect(seqs.at(-1)).toBe(store.get(id).seq);
      expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
    }
  });

  it('get the newest state of each document however many have changed', async () => {
    const documents = addMany(300);
    const [unread] = await watchUnread(1);
    for (let round = 0; round < 3; round += 1)
      for (const document of documents) publishChange(document, { status: 'PENDING' });
    const newest = new Map<string, number>();
    while (documents.some(({ id }) => newest.get(id) !== store.get(id).seq)) {
      const { documentId, seq } = await next(unread as StatusStream);
      expect(seq).toBeGreaterThan(newest.get(documentId) ?? 0);
      newest.set(documentId, seq);
    }
  });
});

describe('list watchers of one user', () => {
  it('share one read if they start together, or the next one while it runs', async () => {
    addMany(3);
    const first = Array.from({ length: 100 }, () => hub.watchUser(WATCH));
    await eventually(() => reads === 1);
    const second = Array.from({ length: 100 }, () => hub.watchUser(WATCH));
    const streams = await Promise.all([...first, ...second]);
    expect(reads).toBe(2);
    for (const stream of streams)
      expect(await next(stream)).toMatchObject({ kind: 'SNAPSHOT', seq: 4 });
  });

  it('get nothing older than they requested, although they share a list', async () => {
    const minute = new Date('2026-01-01T10:00:00Z');
    const halfMinute = new Date('2026-01-01T10:00:30Z');
    const older = store.add({
      userId: 'alice',
      status: 'COMPLETED',
      updatedAt: new Date('2026-01-01T10:00:10Z'),
    });
    const newer = store.add({
      userId: 'alice',
      status: 'COMPLETED',
      updatedAt: new Date('2026-01-01T10:00:40Z'),
    });
    const watches = [minute, halfMinute].map((changedSince) =>
      hub.watchUser({ userId: 'alice', changedSince }),
    );
    const [first, second] = (await Promise.all(watches)) as [StatusStream, StatusStream];
    expect(reads).toBe(1);
    expect([await next(first), await next(first)].map(({ documentId }) => documentId)).toEqual([
      newer.id,
      older.id,
    ]);
    expect((await next(second)).documentId).toBe(newer.id);
    publishChange(older, { status: 'PENDING' });
    expect(await next(second)).toMatchObject({ kind: 'CHANGE', documentId: older.id });
  });

  it('leave the bus when they end', async () => {
    addMany(3);
    for (const stream of await watchUnread(5)) await stream.return?.();
    expect(bus.channels()).toEqual([]);
  });
});

describe('a change with more watchers than one turn serves', () => {
  const COUNT = 1_050;

  async function watchAll(document: Document): Promise<number[][]> {
    const delivered: number[][] = Array.from({ length: COUNT }, () => []);
    const watch = { userId: document.userId, documentId: document.id, completeOnTerminal: true };
    const streams = await Promise.all(delivered.map(() => hub.watchDocument(watch)));
    streams.forEach(
      (stream, index) => void follow(stream as StatusStream, delivered[index] as number[]),
    );
    await eventually(() => delivered.every((seqs) => seqs.length === 1));
    return delivered;
  }

  async function follow(stream: StatusStream, seqs: number[]): Promise<void> {
    for await (const { seq } of stream) seqs.push(seq);
  }

  it('reaches 100 watchers in each turn, and finally all', async () => {
    const document = store.add();
    const delivered = await watchAll(document);
    publishChange(document, { status: 'EXTRACTING' });
    let before = 0;
    while (before < COUNT) {
      await turn();
      const reached = delivered.filter((seqs) => seqs.includes(2)).length;
      // Two turns of the hub may fall into one turn of this test.
      expect(reached - before).toBeLessThanOrEqual(200);
      before = reached;
    }
  });

  it('arrives before later changes, and no watcher misses the last one', async () => {
    const document = store.add();
    const delivered = await watchAll(document);
    for (const status of [
      'EXTRACTING',
      'VECTORIZING',
      'PENDING',
      'EXTRACTING',
      'FAILED',
    ] as const) {
      publishChange(document, { status });
      await turn();
    }
    await eventually(() => delivered.every((seqs) => seqs.at(-1) === 6));
    for (const seqs of delivered) expect(seqs).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

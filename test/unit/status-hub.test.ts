import { toProgressEvent } from '../../src/documents/status.js';
import { createStatusHub, type StatusHub, type StatusStream } from '../../src/status/hub.js';
import type { Document, StatusEvent } from '../../src/documents/document.js';
import { createFakeBus, type FakeBus } from '../support/fake-bus.js';
import { createFakeStore, type FakeStore } from '../support/fake-store.js';
import { makeLogger } from '../support/make-logger.js';
import { eventually } from '../support/wait.js';

const { jest } = import.meta;

let bus: FakeBus;
let store: FakeStore;
let hub: StatusHub;
let logger: ReturnType<typeof makeLogger>;

beforeEach(() => {
  bus = createFakeBus();
  store = createFakeStore();
  logger = makeLogger();
  hub = createStatusHub({ bus, store, logger });
});
afterEach(() => {
  hub.stop();
  jest.useRealTimers();
});

async function watch(
  document: Document,
  more: { afterSeq?: number; completeOnTerminal?: boolean } = {},
): Promise<StatusStream> {
  const stream = await hub.watchDocument({
    userId: document.userId,
    documentId: document.id,
    completeOnTerminal: false,
    ...more,
  });
  if (!stream) throw new Error('there is no such document');
  return stream;
}

async function next(stream: StatusStream): Promise<StatusEvent> {
  const { value } = await stream.next();
  if (!value) throw new Error('the stream has ended');
  return value;
}

async function take(stream: StatusStream, count: number): Promise<[string, number][]> {
  const seen: [string, number][] = [];
  while (seen.length < count) {
    const { kind, seq } = await next(stream);
    seen.push([kind, seq]);
  }
  return seen;
}

async function rest(stream: StatusStream): Promise<[string, number][]> {
  const seen: [string, number][] = [];
  for await (const { kind, seq } of stream) seen.push([kind, seq]);
  return seen;
}

function publishChange(document: Document, more: Partial<Document> = {}): StatusEvent {
  const event = store.set(document.id, more);
  bus.publish(event);
  return event;
}

describe('watching one document', () => {
  it('sends the state of the document, then newer events', async () => {
    const document = store.add({ seq: 3 });
    const stream = await watch(document);
    expect(await take(stream, 1)).toEqual([['SNAPSHOT', 3]]);
    publishChange(document, { status: 'EXTRACTING' });
    publishChange(document, { status: 'VECTORIZING' });
    expect(await take(stream, 2)).toEqual([
      ['CHANGE', 4],
      ['CHANGE', 5],
    ]);
  });

  it('sends a notification that arrives during the read as the state', async () => {
    const document = store.add({ seq: 3 });
    const read = store.findMany;
    hub = createStatusHub({
      bus,
      logger,
      store: {
        ...store,
        findMany: async (ids) => {
          const before = await read(ids);
          publishChange(document, { status: 'EXTRACTING' });
          return before;
        },
      },
    });
    const stream = await watch(document);
    expect(await next(stream)).toMatchObject({ kind: 'SNAPSHOT', seq: 4, status: 'EXTRACTING' });
  });

  it('never sends an older event, in whatever order notifications arrive', async () => {
    const document = store.add({ seq: 1 });
    const stream = await watch(document);
    const events = [
      store.set(document.id, {}),
      store.set(document.id, {}),
      store.set(document.id, {}),
    ];
    for (const event of events.toReversed()) bus.publish(event);
    bus.publish(store.set(document.id, { status: 'DELETING' }));
    const seqs = (await rest(stream)).map(([, seq]) => seq);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    expect(new Set(seqs).size).toBe(seqs.length);
    expect(seqs.at(-1)).toBe(5);
  });

  it('returns null for an unknown document, a DELETING one and one of another user', async () => {
    const deleting = store.add({ status: 'DELETING' });
    const others = store.add({ userId: 'bob' });
    for (const documentId of ['unknown', deleting.id, others.id]) {
      expect(
        await hub.watchDocument({ userId: 'alice', documentId, completeOnTerminal: false }),
      ).toBeNull();
    }
    expect(bus.channels()).toEqual([]);
  });

  it('ends after the deletion', async () => {
    const document = store.add();
    const stream = await watch(document);
    publishChange(document, { status: 'DELETING' });
    expect((await rest(stream)).at(-1)).toEqual(['CHANGE', 2]);
    await eventually(() => bus.channels().length === 0);
  });

  it('continues after a terminal status, because a new generation may follow', async () => {
    const document = store.add();
    const stream = await watch(document);
    await next(stream);
    publishChange(document, { status: 'COMPLETED' });
    publishChange(document, { status: 'PENDING', generation: 2 });
    expect(await take(stream, 2)).toEqual([
      ['CHANGE', 2],
      ['CHANGE', 3],
    ]);
  });

  it.each(['COMPLETED', 'FAILED', 'CANCELLED'] as const)(
    'ends after %s with completeOnTerminal',
    async (status) => {
      const document = store.add();
      const stream = await watch(document, { completeOnTerminal: true });
      publishChange(document, { status });
      expect((await rest(stream)).at(-1)?.[1]).toBe(2);
    },
  );

  it('ends after the snapshot of a terminal document with completeOnTerminal', async () => {
    const stream = await watch(store.add({ status: 'FAILED', seq: 4 }), {
      completeOnTerminal: true,
    });
    expect(await rest(stream)).toEqual([['SNAPSHOT', 4]]);
  });

  it('sends progress', async () => {
    const document = store.add({ status: 'VECTORIZING', progress: { done: 0, total: 9 } });
    const stream = await watch(document);
    await next(stream);
    bus.publish(toProgressEvent({ ...document, progress: { done: 5, total: 9 } }, new Date()));
    expect(await next(stream)).toMatchObject({
      kind: 'PROGRESS',
      seq: 1,
      progress: { done: 5, total: 9 },
    });
  });

  it('reads once for watchers that start together', async () => {
    const document = store.add();
    const reads: (readonly string[])[] = [];
    const counting = {
      ...store,
      findMany: (ids: readonly string[]) => (reads.push(ids), store.findMany(ids)),
    };
    hub = createStatusHub({ bus, logger, store: counting });
    const streams = await Promise.all(Array.from({ length: 20 }, () => watch(document)));
    expect(reads).toEqual([[document.id]]);
    for (const stream of streams) expect(await take(stream, 1)).toEqual([['SNAPSHOT', 1]]);
  });

  it('rejects and leaves the bus if the read fails', async () => {
    hub = createStatusHub({
      bus,
      logger,
      store: { ...store, findMany: () => Promise.reject(new Error('no database')) },
    });
    await expect(watch(store.add())).rejects.toThrow('no database');
    expect(bus.channels()).toEqual([]);
  });
});

describe('watching one document after a seq', () => {
  it('sends every durable change after it, in order, without a snapshot', async () => {
    const document = store.add({ seq: 250 });
    const stream = await watch(document, { afterSeq: 3 });
    const seen = await take(stream, 247);
    expect(seen).toEqual(Array.from({ length: 247 }, (_, index) => ['CHANGE', index + 4]));
  });

  it('leaves no gap although the reader is slow and notifications were lost', async () => {
    const document = store.add({ seq: 2 });
    const stream = await watch(document, { afterSeq: 2 });
    for (let count = 0; count < 60; count += 1) {
      bus.lose(count % 7 === 0);
      publishChange(document);
    }
    bus.lose(false);
    publishChange(document);
    expect(await take(stream, 61)).toEqual(
      Array.from({ length: 61 }, (_, index) => ['CHANGE', index + 3]),
    );
  });

  it('sends only new events if the seq is the newest', async () => {
    const document = store.add({ seq: 5 });
    const stream = await watch(document, { afterSeq: 5 });
    const first = next(stream);
    publishChange(document);
    expect(await first).toMatchObject({ kind: 'CHANGE', seq: 6 });
  });

  it('sends the state if the seq is in the future', async () => {
    const stream = await watch(store.add({ seq: 5 }), { afterSeq: 9 });
    expect(await take(stream, 1)).toEqual([['SNAPSHOT', 5]]);
  });

  it('ends at the terminal status with completeOnTerminal', async () => {
    const document = store.add({ seq: 5, status: 'COMPLETED' });
    expect(await rest(await watch(document, { afterSeq: 5, completeOnTerminal: true }))).toEqual(
      [],
    );
    expect(await rest(await watch(document, { afterSeq: 3, completeOnTerminal: true }))).toEqual([
      ['CHANGE', 4],
      ['CHANGE', 5],
    ]);
  });
});

describe('watching all documents of a user', () => {
  const watchAlice = () => hub.watchUser({ userId: 'alice', changedSince: new Date(0) });

  it('sends every document, newest change first, then changes and new documents', async () => {
    const older = store.add({ updatedAt: new Date(1_000) });
    const newer = store.add({ updatedAt: new Date(2_000) });
    store.add({ userId: 'bob' });
    const stream = await watchAlice();
    expect([await next(stream), await next(stream)]).toMatchObject([
      { documentId: newer.id },
      { documentId: older.id },
    ]);
    publishChange(older, { status: 'EXTRACTING' });
    const added = store.add();
    publishChange(added);
    expect([await next(stream), await next(stream)]).toMatchObject([
      { documentId: older.id, kind: 'CHANGE' },
      { documentId: added.id },
    ]);
  });

  it('never sends an event of another user', async () => {
    const stream = await watchAlice();
    publishChange(store.add({ userId: 'bob' }));
    const own = store.add();
    publishChange(own);
    expect(await next(stream)).toMatchObject({ documentId: own.id });
  });

  it('sends the last state of each document to a reader that overflowed', async () => {
    const stream = await watchAlice();
    const waiting = next(stream);
    publishChange(store.add());
    await waiting;
    for (let count = 0; count < 600; count += 1) store.add();
    const documents = await store.recent('alice', new Date(0), 1_000);
    for (const document of documents) publishChange(document, { status: 'EXTRACTING' });
    for (let count = 0; count < 500; count += 1)
      bus.publish(
        store.set(store.add({ userId: 'alice', updatedAt: new Date(0) }).id, {
          status: 'DELETING',
          updatedAt: new Date(0),
        }),
      );
    const seen = new Set<string>();
    while (seen.size < documents.length) {
      const { documentId, status } = await next(stream);
      if (status === 'EXTRACTING') seen.add(documentId);
    }
    expect(seen).toEqual(new Set(documents.map((document) => document.id)));
  });
});

describe('an unreliable bus', () => {
  /** Fakes timers and the clock, but not what promises and streams need. */
  function useFakeTime(): void {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  }

  it('sends the state after a lost notification at the next safety read', async () => {
    useFakeTime();
    hub.start();
    const document = store.add();
    const stream = await watch(document);
    await next(stream);
    bus.lose(true);
    publishChange(document, { status: 'COMPLETED' });
    const late = next(stream);
    await jest.advanceTimersByTimeAsync(30_000);
    expect(await late).toMatchObject({ kind: 'SNAPSHOT', seq: 2, status: 'COMPLETED' });
  });

  it('sends the result of a safety read to watchers of a user too', async () => {
    useFakeTime();
    hub.start();
    const stream = await hub.watchUser({ userId: 'alice', changedSince: new Date(0) });
    bus.lose(true);
    const document = store.add();
    publishChange(document, { status: 'COMPLETED' });
    const late = next(stream);
    await jest.advanceTimersByTimeAsync(30_000);
    expect(await late).toMatchObject({ documentId: document.id, status: 'COMPLETED' });
  });

  it('ends the watchers of a removed document although its notification was lost', async () => {
    useFakeTime();
    hub.start();
    const document = store.add();
    const stream = await watch(document);
    await next(stream);
    store.remove(document.id);
    const last = stream.next();
    await jest.advanceTimersByTimeAsync(30_000);
    expect(await last).toEqual({ done: true, value: undefined });
  });

  it('sends nothing for a safety read without news', async () => {
    useFakeTime();
    hub.start();
    const document = store.add();
    const stream = await watch(document);
    await next(stream);
    await jest.advanceTimersByTimeAsync(90_000);
    publishChange(document, { status: 'EXTRACTING' });
    expect(await take(stream, 1)).toEqual([['CHANGE', 2]]);
  });

  it('retries a failed safety read', async () => {
    useFakeTime();
    let away = false;
    const findMany: FakeStore['findMany'] = (ids) =>
      away ? Promise.reject(new Error('no database')) : store.findMany(ids);
    hub = createStatusHub({ bus, logger, store: { ...store, findMany } });
    hub.start();
    const document = store.add();
    const stream = await watch(document);
    await next(stream);
    bus.lose(true);
    publishChange(document, { status: 'COMPLETED' });
    away = true;
    await jest.advanceTimersByTimeAsync(30_000);
    away = false;
    const late = next(stream);
    await jest.advanceTimersByTimeAsync(30_000);
    expect(await late).toMatchObject({ status: 'COMPLETED' });
    expect(logger.lines.map(({ level }) => level)).toEqual(['warn']);
  });

  it('does not wait for a slow acknowledgement, and reads again after it', async () => {
    useFakeTime();
    const acknowledge = bus.holdAcknowledgements();
    const document = store.add();
    const watching = watch(document);
    await jest.advanceTimersByTimeAsync(250);
    const stream = await watching;
    expect(await take(stream, 1)).toEqual([['SNAPSHOT', 1]]);
    publishChange(document, { status: 'EXTRACTING' });
    acknowledge();
    expect(await take(stream, 1)).toEqual([['SNAPSHOT', 2]]);
  });

  it('relies on safety reads if a subscription fails', async () => {
    useFakeTime();
    hub.start();
    bus.refuse();
    const document = store.add();
    const stream = await watch(document);
    await next(stream);
    publishChange(document, { status: 'FAILED' });
    const late = next(stream);
    await jest.advanceTimersByTimeAsync(30_000);
    expect(await late).toMatchObject({ status: 'FAILED' });
  });

  it('reads everything again after a reconnect', async () => {
    const documents = [store.add(), store.add()];
    const streams = await Promise.all(documents.map((document) => watch(document)));
    for (const stream of streams) await next(stream);
    bus.lose(true);
    for (const document of documents) publishChange(document, { status: 'COMPLETED' });
    bus.lose(false);
    bus.reconnect();
    for (const stream of streams) expect(await take(stream, 1)).toEqual([['SNAPSHOT', 2]]);
  });
});

describe('leaving', () => {
  it('ends a waiting read and leaves the bus', async () => {
    const stream = await watch(store.add());
    await next(stream);
    const waiting = stream.next();
    await stream.return?.();
    expect(await waiting).toMatchObject({ done: true });
    expect(bus.channels()).toEqual([]);
  });

  it('leaves the bus even if nothing was ever read', async () => {
    const stream = await watch(store.add());
    await stream.return?.();
    await eventually(() => bus.channels().length === 0);
  });

  it('keeps the other watchers of a document', async () => {
    const document = store.add();
    const leaver = await watch(document);
    const stayer = await watch(document);
    await leaver.return?.();
    await next(stayer);
    publishChange(document);
    expect(await take(stayer, 1)).toEqual([['CHANGE', 2]]);
  });

  it('reports each watcher once when it opens and once when it ends', async () => {
    const reports: [string, number][] = [];
    hub = createStatusHub({
      bus,
      store,
      logger,
      onWatcher: (kind, delta) => {
        reports.push([kind, delta]);
      },
    });
    const stream = await watch(store.add());
    const userStream = await hub.watchUser({ userId: 'alice', changedSince: new Date(0) });
    const unknown = { userId: 'alice', documentId: 'unknown', completeOnTerminal: false };
    expect(await hub.watchDocument(unknown)).toBeNull();
    await stream.return?.();
    await stream.return?.();
    hub.stop();
    await rest(userStream);
    expect(reports).toEqual([
      ['document', 1],
      ['user', 1],
      ['document', -1],
      ['user', -1],
    ]);
  });

  it('ends every stream when the hub stops', async () => {
    const document = store.add();
    const streams = [
      await watch(document),
      await hub.watchUser({ userId: 'alice', changedSince: new Date(0) }),
    ];
    const ends = streams.map((stream) => rest(stream));
    hub.stop();
    expect(await Promise.all(ends)).toEqual([[['SNAPSHOT', 1]], [['SNAPSHOT', 1]]]);
  });
});

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
  it('begins with its state and goes on with what is newer', async () => {
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

  it('gives a hint that came while the state was read, as the state', async () => {
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

  it('never gives anything older, however hints come', async () => {
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

  it('is refused for a document that is not there, is being deleted or is of somebody else', async () => {
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

  it('goes on after a terminal status, for a person may ask for another run', async () => {
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
    'ends with %s where that was asked for',
    async (status) => {
      const document = store.add();
      const stream = await watch(document, { completeOnTerminal: true });
      publishChange(document, { status });
      expect((await rest(stream)).at(-1)?.[1]).toBe(2);
    },
  );

  it('ends at once where that was asked for and the document is terminal already', async () => {
    const stream = await watch(store.add({ status: 'FAILED', seq: 4 }), {
      completeOnTerminal: true,
    });
    expect(await rest(stream)).toEqual([['SNAPSHOT', 4]]);
  });

  it('tells of progress', async () => {
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

  it('reads once for many that begin together', async () => {
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

  it('a read that fails ends the attempt and leaves nothing behind', async () => {
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
  it('gives every durable change behind it, in order, and no snapshot', async () => {
    const document = store.add({ seq: 250 });
    const stream = await watch(document, { afterSeq: 3 });
    const seen = await take(stream, 247);
    expect(seen).toEqual(Array.from({ length: 247 }, (_, index) => ['CHANGE', index + 4]));
  });

  it('goes on without a gap although the reader is slow and hints were lost', async () => {
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

  it('gives nothing of what is there when the seq is the newest, only what comes', async () => {
    const document = store.add({ seq: 5 });
    const stream = await watch(document, { afterSeq: 5 });
    const first = next(stream);
    publishChange(document);
    expect(await first).toMatchObject({ kind: 'CHANGE', seq: 6 });
  });

  it('gives the state when the seq is in the future', async () => {
    const stream = await watch(store.add({ seq: 5 }), { afterSeq: 9 });
    expect(await take(stream, 1)).toEqual([['SNAPSHOT', 5]]);
  });

  it('ends at once when all is known and the status is terminal, where that was asked for', async () => {
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

describe('watching all of a user', () => {
  const watchAlice = () => hub.watchUser({ userId: 'alice', changedSince: new Date(0) });

  it('begins with every document, newest change first, and goes on with changes and new ones', async () => {
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

  it("never gives anything of somebody else's", async () => {
    const stream = await watchAlice();
    publishChange(store.add({ userId: 'bob' }));
    const own = store.add();
    publishChange(own);
    expect(await next(stream)).toMatchObject({ documentId: own.id });
  });

  it('a reader that was left behind by more documents than are kept for it still gets the last state of each', async () => {
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

describe('when the bus cannot be relied on', () => {
  /** Fake time for everything that waits for time; what promises and streams need goes on. */
  function useFakeTime(): void {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  }

  it('a hint that was lost costs at most the wait for the next safety read', async () => {
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

  it('a safety read also serves who watches all of a user', async () => {
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

  it('a document whose row is gone ends its watchers, though the hint that said so was lost', async () => {
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

  it('a safety read that finds nothing new is not noticed', async () => {
    useFakeTime();
    hub.start();
    const document = store.add();
    const stream = await watch(document);
    await next(stream);
    await jest.advanceTimersByTimeAsync(90_000);
    publishChange(document, { status: 'EXTRACTING' });
    expect(await take(stream, 1)).toEqual([['CHANGE', 2]]);
  });

  it('a safety read that fails is tried again', async () => {
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

  it('a bus that is slow to acknowledge holds nobody up, and what was missed is read again when it does', async () => {
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

  it('a bus that refuses a subscription leaves the safety reads', async () => {
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

  it('everything is read again after a reconnect', async () => {
    const [one, two] = [store.add(), store.add()];
    const streams = await Promise.all([one, two].map((document) => watch(document)));
    for (const stream of streams) await next(stream);
    bus.lose(true);
    for (const document of [one, two]) publishChange(document, { status: 'COMPLETED' });
    bus.lose(false);
    bus.reconnect();
    for (const stream of streams) expect(await take(stream, 1)).toEqual([['SNAPSHOT', 2]]);
  });
});

describe('leaving', () => {
  it('ends a read that waits, and leaves the bus', async () => {
    const stream = await watch(store.add());
    await next(stream);
    const waiting = stream.next();
    await stream.return?.();
    expect(await waiting).toMatchObject({ done: true });
    expect(bus.channels()).toEqual([]);
  });

  it('leaves the bus also when nothing was ever read', async () => {
    const stream = await watch(store.add());
    await stream.return?.();
    await eventually(() => bus.channels().length === 0);
  });

  it('of one watcher leaves the others', async () => {
    const document = store.add();
    const [leaver, stayer] = [await watch(document), await watch(document)];
    await leaver.return?.();
    await next(stayer);
    publishChange(document);
    expect(await take(stayer, 1)).toEqual([['CHANGE', 2]]);
  });

  it('of the hub ends every stream', async () => {
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

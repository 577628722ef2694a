import fc from 'fast-check';
import type { StatusEvent } from '../../src/documents/document.js';
import { createWatcher, type Watcher } from '../../src/status/watcher.js';
import { toProgressEvent, toSnapshotEvent } from '../../src/documents/status.js';
import { makeChange, makeDocument } from '../support/make-document.js';

const ID = 'a-document';

let watcher: Watcher;
beforeEach(() => {
  watcher = createWatcher();
});

function change(seq: number, more: Parameters<typeof makeChange>[0] = {}): StatusEvent {
  return makeChange({ id: ID, seq, ...more });
}

function snapshot(seq: number): StatusEvent {
  return toSnapshotEvent(makeDocument({ id: ID, seq }));
}

function progress(seq: number, done: number): StatusEvent {
  const facts = { id: ID, seq, status: 'VECTORIZING', progress: { done, total: 100 } } as const;
  return toProgressEvent(makeDocument(facts), new Date());
}

/** Returns all pending events without waiting for more. */
async function drain(): Promise<unknown[]> {
  const marker = makeChange({ id: 'marker' });
  watcher.offer(marker);
  const seen: unknown[] = [];
  for (let event = await watcher.next(); event !== marker; event = await watcher.next()) {
    seen.push(
      event === 'overflow' || event === null ? event : [event.kind, event.seq, event.progress.done],
    );
    if (event === null) break;
  }
  return seen;
}

describe('a watcher', () => {
  it('returns the snapshot first', async () => {
    watcher.setSnapshots([snapshot(3)]);
    expect(await drain()).toEqual([['SNAPSHOT', 3, 0]]);
  });

  it('returns the newer state if a notification arrived before the snapshot', async () => {
    watcher.offer(change(5));
    watcher.setSnapshots([snapshot(3)]);
    expect(await drain()).toEqual([['SNAPSHOT', 5, 0]]);
  });

  it('returns the snapshot if the notification before it is older', async () => {
    watcher.offer(change(2));
    watcher.setSnapshots([snapshot(3)]);
    expect(await drain()).toEqual([['SNAPSHOT', 3, 0]]);
  });

  it('returns a deletion as a change even if it arrived before the snapshot', async () => {
    watcher.offer(change(4, { status: 'DELETING' }));
    watcher.setSnapshots([snapshot(3)]);
    expect(await watcher.next()).toMatchObject({ kind: 'CHANGE', status: 'DELETING', seq: 4 });
  });

  it('returns documents that arrived while the list was read', async () => {
    watcher.offer(makeChange({ id: 'new' }));
    watcher.setSnapshots([snapshot(3)]);
    expect([await watcher.next(), await watcher.next()]).toMatchObject([
      { documentId: ID, kind: 'SNAPSHOT' },
      { documentId: 'new', kind: 'CHANGE' },
    ]);
  });

  it('returns every change in order', async () => {
    watcher.setSnapshots([snapshot(1)]);
    for (const seq of [2, 3, 4]) watcher.offer(change(seq));
    expect(await drain()).toEqual([
      ['SNAPSHOT', 1, 0],
      ['CHANGE', 2, 0],
      ['CHANGE', 3, 0],
      ['CHANGE', 4, 0],
    ]);
  });

  it('drops older events and repetitions', async () => {
    watcher.setSnapshots([snapshot(3)]);
    await watcher.next();
    for (const event of [
      change(1),
      change(3),
      snapshot(3),
      snapshot(2),
      change(5),
      change(4),
      change(5),
    ])
      watcher.offer(event);
    expect(await drain()).toEqual([['CHANGE', 5, 0]]);
  });

  it('returns progress only if more is done', async () => {
    watcher.setSnapshots([snapshot(3)]);
    await watcher.next();
    watcher.offer(progress(3, 10));
    await watcher.next();
    for (const event of [progress(3, 9), progress(3, 10), progress(2, 50), progress(3, 11)])
      watcher.offer(event);
    expect(await drain()).toEqual([['PROGRESS', 3, 11]]);
  });

  it('returns an event at once to a waiting reader', async () => {
    const waiting = watcher.next();
    watcher.offer(change(1));
    expect(await waiting).toMatchObject({ seq: 1 });
  });
});

describe('a slow reader', () => {
  it('gets the newest of the progress that it missed', async () => {
    watcher.setSnapshots([snapshot(3)]);
    await watcher.next();
    for (let done = 1; done <= 90; done += 1) watcher.offer(progress(3, done));
    expect(await drain()).toEqual([['PROGRESS', 3, 90]]);
  });

  it('gets the terminal state whatever it missed', async () => {
    watcher.setSnapshots([snapshot(1)]);
    for (let seq = 2; seq < 500; seq += 1) watcher.offer(change(seq));
    watcher.offer(change(500, { status: 'COMPLETED' }));
    const seen = await drain();
    expect(seen.at(-1)).toEqual(['CHANGE', 500, 0]);
    expect(seen.length).toBeLessThan(20);
  });

  it('gets an overflow if too many documents have changed', async () => {
    for (let count = 0; count < 1_001; count += 1) watcher.offer(makeChange());
    expect(await watcher.next()).toBe('overflow');
  });

  it('accepts every state that it missed from a list that is read again', async () => {
    watcher.setSnapshots([snapshot(1)]);
    await watcher.next();
    watcher.offer(change(2, { status: 'COMPLETED' }));
    for (let count = 0; count < 1_000; count += 1) watcher.offer(makeChange());
    expect(await watcher.next()).toBe('overflow');
    watcher.offer(toSnapshotEvent(makeDocument({ id: ID, seq: 2, status: 'COMPLETED' })));
    expect(await drain()).toEqual([['SNAPSHOT', 2, 0]]);
  });

  it('gets nothing older than a list that is read again, in whatever order notifications arrive', async () => {
    watcher.setSnapshots([snapshot(3)]);
    await watcher.next();
    watcher.offer(change(4));
    watcher.setSnapshots([snapshot(6)]);
    for (const event of [change(5), change(6), change(7)]) watcher.offer(event);
    expect(await drain()).toEqual([
      ['SNAPSHOT', 6, 0],
      ['CHANGE', 7, 0],
    ]);
  });

  it('gets the rest of an emptied list when it is read again, and nothing twice', async () => {
    const list = [snapshot(3), toSnapshotEvent(makeDocument({ id: 'other' }))];
    watcher.setSnapshots(list);
    await watcher.next();
    list.length = 0;
    expect(await watcher.next()).toBe('overflow');
    expect(watcher.hasDroppedList()).toBe(true);
    watcher.setSnapshots([snapshot(3), toSnapshotEvent(makeDocument({ id: 'other' }))]);
    expect(await watcher.next()).toMatchObject({ documentId: 'other', kind: 'SNAPSHOT' });
    expect(await drain()).toEqual([]);
  });

  it('gets nothing older than before an overflow', async () => {
    watcher.setSnapshots([snapshot(5)]);
    await watcher.next();
    watcher.offer(change(6));
    for (let count = 0; count < 1_000; count += 1) watcher.offer(makeChange());
    expect(await watcher.next()).toBe('overflow');
    watcher.offer(change(4));
    watcher.offer(snapshot(5));
    expect(await drain()).toEqual([]);
  });
});

describe('the end', () => {
  it('resolves a waiting read', async () => {
    const waiting = watcher.next();
    watcher.end();
    expect(await waiting).toBeNull();
  });

  it('comes after pending events', async () => {
    watcher.offer(change(7, { status: 'DELETING' }));
    watcher.end();
    expect(await watcher.next()).toMatchObject({ seq: 7 });
    expect(await watcher.next()).toBeNull();
  });

  it('drops later events', async () => {
    watcher.end();
    watcher.offer(change(1));
    expect(await watcher.next()).toBeNull();
  });
});

describe('any sequence of events', () => {
  const DOCUMENTS = ['a', 'b', 'c'];
  const step = fc.oneof(
    fc.record({
      does: fc.constant('change' as const),
      id: fc.constantFrom(...DOCUMENTS),
      lateBy: fc.constantFrom(0, 0, 1, 3, Infinity),
    }),
    fc.record({
      does: fc.constantFrom('take' as const, 'take' as const, 'empty' as const, 'begin' as const),
    }),
  );

  it('delivers each document in rising order and its newest state last', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const truth = new Map(DOCUMENTS.map((id) => [id, 1]));
        const delivered = new Map<string, number>();
        const late: { at: number; event: StatusEvent }[] = [];
        const tested = createWatcher();
        let list: StatusEvent[] = [];

        const begin = () => {
          list = DOCUMENTS.map((id) =>
            toSnapshotEvent(makeDocument({ id, seq: truth.get(id) ?? 0 })),
          );
          tested.setSnapshots(list);
        };
        const take = async () => {
          const event = await tested.next();
          if (event === 'overflow') return begin();
          if (event === null) return;
          expect(event.seq).toBeGreaterThan(delivered.get(event.documentId) ?? 0);
          delivered.set(event.documentId, event.seq);
        };
        const isNewestDelivered = () =>
          DOCUMENTS.every((id) => delivered.get(id) === truth.get(id));
        const change = (id: string, at: number) => {
          truth.set(id, (truth.get(id) ?? 0) + 1);
          late.push({ at, event: makeChange({ id, seq: truth.get(id) ?? 0 }) });
        };

        begin();
        for (const [now, action] of steps.entries()) {
          if (action.does === 'change') change(action.id, now + action.lateBy);
          if (action.does === 'empty') list.length = 0;
          if (action.does === 'begin') begin();
          for (const { at, event } of late) if (at === now) tested.offer(event);
          if (action.does === 'take' && !isNewestDelivered()) {
            for (const id of DOCUMENTS)
              tested.offer(toSnapshotEvent(makeDocument({ id, seq: truth.get(id) ?? 0 })));
            await take();
          }
        }
        for (const id of DOCUMENTS)
          tested.offer(toSnapshotEvent(makeDocument({ id, seq: truth.get(id) ?? 0 })));
        while (!isNewestDelivered()) await take();
      }),
      { numRuns: 500 },
    );
  });
});

import { createBatchedChange } from '../../src/documents/batch-changes.js';
import type { Change } from '../../src/documents/ports.js';
import type { StatusEvent } from '../../src/documents/document.js';

const change = (documentId: string): Change => ({
  documentId,
  generation: 1,
  from: 'EXTRACTING',
  to: 'VECTORIZING',
});

/** Returns a store that writes when a test resolves the write. */
function createStore() {
  const batches: string[][] = [];
  const writes: PromiseWithResolvers<void>[] = [];
  const write = async (changes: readonly Change[]) => {
    batches.push(changes.map((one) => one.documentId));
    const done = Promise.withResolvers<void>();
    writes.push(done);
    await done.promise;
    return changes.map((one) =>
      one.documentId === 'lost' ? null : ({ documentId: one.documentId } as StatusEvent),
    );
  };
  return { batches, writes, store: { change: write } };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('concurrent changes', () => {
  it('share a transaction within one turn, and while another one is written', async () => {
    const { batches, writes, store } = createStore();
    const write = createBatchedChange(store);
    const first = [write(change('a')), write(change('b'))];
    await turn();
    const second = [write(change('c')), write(change('d'))];
    await turn();
    expect(batches).toEqual([['a', 'b']]);
    writes[0]?.resolve();
    await Promise.all(first);
    await turn();
    expect(batches).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    writes[1]?.resolve();
    expect((await Promise.all(second)).map((event) => event?.documentId)).toEqual(['c', 'd']);
  });

  it('resolve to their own outcome', async () => {
    const { writes, store } = createStore();
    const write = createBatchedChange(store);
    const both = Promise.all([write(change('lost')), write(change('b'))]);
    await turn();
    writes[0]?.resolve();
    expect((await both).map((event) => event?.documentId ?? null)).toEqual([null, 'b']);
  });

  it('fail with their transaction, and later changes are written', async () => {
    const { writes, store } = createStore();
    const write = createBatchedChange(store);
    const failing = write(change('a'));
    await turn();
    writes[0]?.reject(new Error('no database'));
    await expect(failing).rejects.toThrow('no database');
    const next = write(change('b'));
    await turn();
    writes[1]?.resolve();
    expect((await next)?.documentId).toBe('b');
  });
});

import type { Cleanup, DocumentStore } from '../../src/documents/ports.js';
import { createRunCleanups } from '../../src/documents/run-cleanups.js';
import { createFakeBlobs, createFakeVectors } from '../support/fake-parts.js';
import { makeLog } from '../support/make-log.js';

function makeCleanup(id: string, more: Partial<Cleanup> = {}): Cleanup {
  const rest = { generationsBelow: null, onlyGeneration: null, removesDocument: false, runs: 0 };
  return { id, documentId: `document ${id}`, userId: 'alice', blobKey: null, ...rest, ...more };
}

/** Returns cleanups in memory. A finished one is not due any more. */
function createHarness(due: Cleanup[]) {
  const finished: string[] = [];
  const store = {
    dueCleanups: async (limit: number) =>
      due.filter(({ id }) => !finished.includes(id)).slice(0, limit),
    finishCleanup: async (cleanup: Cleanup) => void finished.push(cleanup.id),
  } as unknown as DocumentStore;
  const parts = {
    store,
    vectors: createFakeVectors(),
    blobs: createFakeBlobs(),
    logger: makeLog(),
  };
  return { ...parts, finished, run: createRunCleanups(parts) };
}

const vector = (documentId: string, generation: number) => ({
  documentId,
  generation,
  index: 0,
  text: 'text',
  page: null,
  charStart: 0,
  charEnd: 4,
  vector: new Float32Array([1]),
});

describe('cleanups', () => {
  it.each([
    ['of all generations', {}, []],
    ['of the generations below', { generationsBelow: 3 }, [3, 4]],
    ['of one generation only', { onlyGeneration: 3 }, [1, 2, 4]],
  ])('delete the vectors %s', async (_, more, left) => {
    const { run, vectors } = createHarness([makeCleanup('1', more)]);
    await vectors.store(
      'alice',
      [1, 2, 3, 4].map((generation) => vector('document 1', generation)),
    );
    await vectors.store('alice', [vector('another', 1)]);
    await run();
    const rest = [...vectors.objects.values()].filter(
      ({ documentId }) => documentId === 'document 1',
    );
    expect(rest.map(({ generation }) => generation)).toEqual(left);
    expect(vectors.objects.size).toBe(left.length + 1);
  });

  it('delete the file if there is one', async () => {
    const { run, blobs, finished } = createHarness([makeCleanup('1', { blobKey: 'gone' })]);
    blobs.contents.set('gone', Buffer.from('x')).set('stays', Buffer.from('y'));
    await run();
    expect([...blobs.contents.keys()]).toEqual(['stays']);
    expect(finished).toEqual(['1']);
  });

  it('are not blocked by a failing one, which stays due', async () => {
    const { run, vectors, finished, logger } = createHarness([
      makeCleanup('1'),
      makeCleanup('2'),
      makeCleanup('3'),
    ]);
    const remove = vectors.remove;
    vectors.remove = (...given) =>
      given[1] === 'document 1' ? Promise.reject(new Error('away')) : remove(...given);
    expect(await run()).toBe(false);
    expect(finished).toEqual(['2', '3']);
    expect(logger.lines).toEqual([
      expect.objectContaining({
        level: 'warn',
        fields: expect.objectContaining({ documentId: 'document 1' }) as object,
      }),
    ]);
    vectors.remove = remove;
    await run();
    expect(finished).toEqual(['2', '3', '1']);
  });

  it('are finished only after vectors and file are deleted', async () => {
    const { run, blobs, finished } = createHarness([makeCleanup('1', { blobKey: 'key' })]);
    blobs.remove = () => Promise.reject(new Error('no disk'));
    await run();
    expect(finished).toEqual([]);
  });

  it('report that there may be more after a full batch', async () => {
    const { run, finished } = createHarness(
      Array.from({ length: 25 }, (_, index) => makeCleanup(String(index))),
    );
    expect([await run(), await run()]).toEqual([true, false]);
    expect(finished).toHaveLength(25);
  });

  it('report no more work if all fail', async () => {
    const { run, vectors } = createHarness(
      Array.from({ length: 25 }, (_, index) => makeCleanup(String(index))),
    );
    vectors.remove = () => Promise.reject(new Error('away'));
    expect(await run()).toBe(false);
  });
});

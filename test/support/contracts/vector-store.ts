/** The contract of every VectorStore. */
import { randomUUID } from 'node:crypto';
import type {
  SearchMode,
  VectorHit,
  VectorObject,
  VectorStore,
} from '../../../src/documents/ports.js';

export interface VectorStoreHarness {
  store: VectorStore;
  /** Opens the same store for a model and a vector length; rejects if it was made for others. */
  reopen(model: string, dimensions: number): Promise<VectorStore>;
  /** The model of `store`. */
  model: string;
  close(): Promise<void>;
}

/** The length of the vectors in this contract. */
export const DIMENSIONS = 4;

const MODES: SearchMode[] = ['SEMANTIC', 'KEYWORD', 'HYBRID'];

export function describeVectorStoreContract(
  name: string,
  open: () => Promise<VectorStoreHarness>,
): void {
  describe(`a vector store: ${name}`, () => {
    let harness: VectorStoreHarness;
    let store: VectorStore;
    /** A new user in every test. */
    let user: string;
    let documentId: string;

    beforeAll(async () => {
      harness = await open();
      store = harness.store;
    });
    beforeEach(() => {
      user = `user-${randomUUID()}`;
      documentId = randomUUID();
    });
    afterAll(() => harness.close());

    function makeObject(more: Partial<VectorObject> = {}): VectorObject {
      const rest = { page: null, charStart: 0, charEnd: 4, text: 'text', vector: unit(1, 0, 0, 0) };
      return { documentId, generation: 1, index: 0, ...rest, ...more };
    }

    const makeObjects = (count: number, more: Partial<VectorObject> = {}) =>
      Array.from({ length: count }, (_, index) => makeObject({ index, ...more }));

    function search(
      mode: SearchMode,
      text: string,
      vector = unit(1, 0, 0, 0),
      more: { limit?: number; documentIds?: string[] } = {},
    ) {
      return store.search({
        userId: user,
        mode,
        text,
        vector: mode === 'KEYWORD' ? null : vector,
        limit: 10,
        ...more,
      });
    }

    const textsOf = (hits: readonly VectorHit[]) => hits.map(({ text }) => text);

    describe('storing', () => {
      it('returns what was stored', async () => {
        const facts = {
          text: 'Ein Satz mit "Zeichen" \\ 😀.',
          page: 7,
          charStart: 10,
          charEnd: 39,
          index: 3,
          generation: 2,
        };
        await store.store(user, [makeObject(facts)]);
        const [hit] = await search('SEMANTIC', '');
        expect(hit).toEqual({ documentId, ...facts, score: expect.closeTo(1, 2) as number });
      });

      it('counts the objects of one generation of one document', async () => {
        await store.store(user, makeObjects(5));
        await store.store(user, makeObjects(2, { generation: 2 }));
        await store.store(user, makeObjects(3, { documentId: randomUUID() }));
        expect(await store.count(user, documentId, 1)).toBe(5);
        expect(await store.count(user, documentId, 2)).toBe(2);
        expect(await store.count(user, documentId, 3)).toBe(0);
      });

      it('replaces an object that is stored again', async () => {
        await store.store(user, makeObjects(3));
        await store.store(user, [
          makeObject({ index: 1, text: 'another sentence', page: 2, vector: unit(0, 1, 0, 0) }),
        ]);
        expect(await store.count(user, documentId, 1)).toBe(3);
        expect(await search('SEMANTIC', '', unit(0, 1, 0, 0), { limit: 1 })).toMatchObject([
          { text: 'another sentence', page: 2 },
        ]);
        expect(textsOf(await search('KEYWORD', 'text'))).toEqual(['text', 'text']);
      });

      it('stores batches of one document concurrently', async () => {
        const batches = Array.from({ length: 5 }, (_, batch) =>
          makeObjects(20).map((object) => ({ ...object, index: batch * 20 + object.index })),
        );
        await Promise.all(batches.map((objects) => store.store(user, objects)));
        expect(await store.count(user, documentId, 1)).toBe(100);
      });
    });

    describe('removing', () => {
      it('trims the objects after the last chunk, of this generation only', async () => {
        await store.store(user, makeObjects(5));
        await store.store(user, makeObjects(5, { generation: 2 }));
        await store.trim(user, documentId, 1, 3);
        expect([
          await store.count(user, documentId, 1),
          await store.count(user, documentId, 2),
        ]).toEqual([3, 5]);
      });

      it.each([
        ['all generations', undefined, [0, 0, 0]],
        ['the generations below', { below: 3 }, [0, 0, 1]],
        ['one generation only', { only: 2 }, [1, 0, 1]],
      ])('removes %s of a document', async (_, generations, remaining) => {
        const other = randomUUID();
        for (const generation of [1, 2, 3]) {
          await store.store(user, [
            makeObject({ generation }),
            makeObject({ generation, documentId: other }),
          ]);
        }
        await store.remove(user, documentId, generations);
        expect(
          await Promise.all(
            [1, 2, 3].map((generation) => store.count(user, documentId, generation)),
          ),
        ).toEqual(remaining);
        expect(
          await Promise.all([1, 2, 3].map((generation) => store.count(user, other, generation))),
        ).toEqual([1, 1, 1]);
        expect(
          await search('KEYWORD', 'text', undefined, { documentIds: [documentId] }),
        ).toHaveLength(remaining.filter(Boolean).length);
      });

      it('does nothing if there are no objects', async () => {
        await store.remove(user, documentId);
        await store.trim(user, documentId, 1, 0);
        expect(await store.count(user, documentId, 1)).toBe(0);
      });
    });

    describe('searching', () => {
      beforeEach(async () => {
        await store.store(user, [
          makeObject({
            index: 0,
            text: 'A bowline makes a loop that does not slip.',
            vector: unit(1, 0, 0, 0),
          }),
          makeObject({
            index: 1,
            text: 'A reef knot joins two ropes of one thickness.',
            vector: unit(1, 1, 0, 0),
          }),
          makeObject({
            index: 2,
            text: 'Volcanoes erupt where magma rises.',
            vector: unit(0, 0, 1, 0),
          }),
        ]);
      });

      it('ranks passages by the similarity of their vectors', async () => {
        const hits = await search('SEMANTIC', 'words without a match', unit(1, 0, 0, 0));
        expect(hits.map(({ index }) => index)).toEqual([0, 1, 2]);
        expect(hits[0]?.score).toBeCloseTo(1, 2);
        expect(hits[1]?.score).toBeCloseTo(Math.SQRT1_2, 2);
        expect(hits[2]?.score).toBeCloseTo(0, 2);
      });

      it('finds words in any case and grammatical form, and nothing else', async () => {
        expect((await search('KEYWORD', 'VOLCANO erupting')).map(({ index }) => index)).toEqual([
          2,
        ]);
        expect(await search('KEYWORD', 'zebra')).toEqual([]);
      });

      it('finds passages with any of the words and ranks more words higher', async () => {
        expect((await search('KEYWORD', 'bowline knots ropes')).map(({ index }) => index)).toEqual([
          1, 0,
        ]);
      });

      it.each([
        "it's & | ! ( ) <-> :*",
        "'; drop table vectors; --",
        '%_\\',
        '""',
        '?',
        'the of and',
      ])('treats %j as words, not as operators', async (text) => {
        await expect(search('KEYWORD', text)).resolves.toEqual([]);
      });

      it('ranks similar passages with the words first in HYBRID mode', async () => {
        const hits = await search('HYBRID', 'volcanoes bowline', unit(1, 0, 0, 0));
        expect(hits[0]?.index).toBe(0);
        expect(hits.map(({ index }) => index).sort()).toEqual([0, 1, 2]);
      });

      it.each(MODES)('returns scores from 0 to 1, highest first, in %s mode', async (mode) => {
        const scores = (await search(mode, 'bowline knot', unit(-1, 0.2, 0, 0))).map(
          ({ score }) => score,
        );
        expect(scores).toEqual(scores.toSorted((a, b) => b - a));
        for (const score of scores) expect(score >= 0 && score <= 1).toBe(true);
      });

      it.each(MODES)('returns each passage once, up to the limit, in %s mode', async (mode) => {
        await store.store(user, makeObjects(30, { documentId: randomUUID(), text: 'bowline' }));
        const hits = await search(mode, 'bowline', unit(1, 0, 0, 0), { limit: 7 });
        expect(hits).toHaveLength(7);
        expect(new Set(hits.map((hit) => `${hit.documentId} ${hit.index}`)).size).toBe(7);
      });

      it.each(MODES)('searches only the given documents in %s mode', async (mode) => {
        const other = randomUUID();
        const third = randomUUID();
        for (const id of [other, third])
          await store.store(user, [makeObject({ documentId: id, text: 'bowline' })]);
        const hits = await search(mode, 'bowline', unit(1, 0, 0, 0), {
          documentIds: [other, randomUUID()],
        });
        expect(hits.map((hit) => hit.documentId)).toEqual([other]);
      });

      it.each(MODES)(
        'finds nothing of another user, even by document id, in %s mode',
        async (mode) => {
          const stranger = `user-${randomUUID()}`;
          const query = { mode, text: 'bowline', vector: unit(1, 0, 0, 0), limit: 10 };
          expect(await store.search({ ...query, userId: stranger })).toEqual([]);
          expect(
            await store.search({ ...query, userId: stranger, documentIds: [documentId] }),
          ).toEqual([]);
        },
      );

      it('counts and removes nothing of another user', async () => {
        const stranger = `user-${randomUUID()}`;
        await store.remove(stranger, documentId);
        await store.trim(stranger, documentId, 1, 0);
        expect(await store.count(stranger, documentId, 1)).toBe(0);
        expect(await store.count(user, documentId, 1)).toBe(3);
      });
    });

    describe('the collection', () => {
      it('rejects another model and names both', async () => {
        await expect(harness.reopen('another-model', DIMENSIONS)).rejects.toThrow(
          new RegExp(`${harness.model}.*another-model`),
        );
      });

      it('rejects vectors of another length and names both', async () => {
        await expect(harness.reopen(harness.model, 7)).rejects.toThrow(/4 dimensions.*7/);
      });

      it('opens again for the same model with all its objects', async () => {
        await store.store(user, makeObjects(2));
        const again = await harness.reopen(harness.model, DIMENSIONS);
        expect(await again.count(user, documentId, 1)).toBe(2);
      });
    });
  });
}

/** A vector of length 1 in this direction. */
function unit(...direction: number[]): Float32Array {
  const length = Math.hypot(...direction);
  return new Float32Array(direction.map((value) => value / length));
}

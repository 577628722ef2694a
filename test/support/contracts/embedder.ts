/** The contract of Embedder. */
import type { Embedder } from '../../../src/documents/ports.js';

export const PASSAGE =
  'A bowline makes a loop at the end of a rope that does not slip and is easy to untie after it held a load. Sailors use it to tie a line to a ring or a post. ';

export function similarity(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}

export function describeEmbedderContract(name: string, open: () => Promise<Embedder>): void {
  describe(`an embedder: ${name}`, () => {
    let embedder: Embedder;
    beforeAll(async () => {
      embedder = await open();
    });
    afterAll(() => embedder.stop());

    async function embedOne(text: string): Promise<Float32Array> {
      const [vector] = await embedder.embed([text], 'document');
      if (!vector) throw new Error('no vector');
      return vector;
    }

    test('returns a vector of L2 norm 1 and of the declared length for each text', async () => {
      const vectors = await embedder.embed(['one', 'two words', PASSAGE], 'document');
      expect(vectors.map((vector) => vector.length)).toEqual([
        embedder.dimensions,
        embedder.dimensions,
        embedder.dimensions,
      ]);
      for (const vector of vectors) expect(similarity(vector, vector)).toBeCloseTo(1, 5);
    });

    test('returns the same vector for the same text, whatever the other texts are', async () => {
      const alone = await embedOne(PASSAGE);
      const [, beside] = await embedder.embed(['something else', PASSAGE, 'a third'], 'document');
      expect(Array.from(beside ?? [])).toEqual(Array.from(alone));
    });

    test('keeps the order of the texts', async () => {
      const texts = Array.from(
        { length: 100 },
        (_, index) => `Invoice number ${index * 7919} of the year ${1900 + index}.`,
      );
      const together = await embedder.embed(texts, 'document');
      const alone = await Promise.all(texts.map((text) => embedOne(text)));
      expect(together.length).toBe(100);
      together.forEach((vector, index) =>
        expect(similarity(vector, alone[index] ?? new Float32Array())).toBeCloseTo(1, 4),
      );
    });

    test('returns nearer vectors for texts of the same meaning', async () => {
      const [query, related, unrelated] = await embedder.embed(
        [
          'How do I tie a knot that does not slip?',
          PASSAGE,
          'The quarterly revenue of the bank grew by four per cent.',
        ],
        'query',
      );
      if (!query || !related || !unrelated) throw new Error('no vectors');
      expect(similarity(query, related)).toBeGreaterThan(similarity(query, unrelated) + 0.15);
    });

    test('embeds an empty text and a text of white space', async () => {
      const vectors = await embedder.embed(['', ' \n\t '], 'document');
      for (const vector of vectors) expect(similarity(vector, vector)).toBeCloseTo(1, 5);
    });

    test('returns no vectors for no texts', async () => {
      await expect(embedder.embed([], 'document')).resolves.toEqual([]);
    });

    test('returns vectors that share no memory', async () => {
      const vectors = await embedder.embed(['one', 'two'], 'document');
      expect(vectors.map((vector) => vector.buffer.byteLength)).toEqual([
        4 * embedder.dimensions,
        4 * embedder.dimensions,
      ]);
    });

    test('rejects with the reason of the signal, before and during the work', async () => {
      const reason = new Error('cancelled by the user');
      await expect(
        embedder.embed([PASSAGE], 'document', { signal: AbortSignal.abort(reason) }),
      ).rejects.toBe(reason);
      const controller = new AbortController();
      const rejected = expect(
        embedder.embed(manyTexts(50), 'document', { signal: controller.signal }),
      ).rejects.toBe(reason);
      controller.abort(reason);
      await rejected;
    });

    test('rejects pending and later calls after stop', async () => {
      const other = await open();
      const pending = expect(other.embed(manyTexts(10), 'document')).rejects.toMatchObject({
        code: 'EMBEDDER_UNAVAILABLE',
      });
      await other.stop();
      await pending;
      await expect(other.embed(['late'], 'query')).rejects.toMatchObject({
        code: 'EMBEDDER_UNAVAILABLE',
      });
    });
  });
}

/** Returns texts that take a while to embed. */
export function manyTexts(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${index} ${PASSAGE.repeat(5)}`);
}

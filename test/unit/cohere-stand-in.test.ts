import {
  cohereControl,
  startCohereStandIn,
  type CohereStandIn,
  type OrderedResponse,
} from '../support/cohere-stand-in/start.js';
import { eventually } from '../support/wait.js';

interface EmbedResponse {
  id: string;
  embeddings: { float: number[][] };
  texts: string[];
  meta: { billed_units: { input_tokens: number } };
}

let cohere: CohereStandIn;
beforeAll(async () => {
  cohere = await startCohereStandIn();
});
afterAll(() => cohere.stop());
beforeEach(() => cohere.order({ reset: true }));

function post(
  path: string,
  body: unknown,
  { key = cohere.apiKey, signal }: { key?: string; signal?: AbortSignal } = {},
) {
  return fetch(`${cohere.url}${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { authorization: `Bearer ${key}` },
    ...(signal !== undefined && { signal }),
  });
}

function embed(texts: string[], more: object = {}, options: Parameters<typeof post>[2] = {}) {
  return post(
    '/v2/embed',
    {
      model: 'embed-v4.0',
      input_type: 'search_document',
      embedding_types: ['float'],
      texts,
      ...more,
    },
    options,
  );
}

async function vectorsOf(response: Response): Promise<number[][]> {
  return ((await response.json()) as EmbedResponse).embeddings.float;
}

const lengthOf = (vector: number[]): number => Math.hypot(...vector);
function nearness(a: number[] = [], b: number[] = []): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}

test('returns the same vector of length 1 for the same text', async () => {
  const once = await vectorsOf(
    await embed(['The parcel was late.', 'Invoices are due in May.', '']),
  );
  const again = await vectorsOf(
    await embed(['The parcel was late.', 'Invoices are due in May.', '']),
  );
  expect(once).toEqual(again);
  expect(once.map((vector) => vector.length)).toEqual([384, 384, 384]);
  for (const vector of once) expect(lengthOf(vector)).toBeCloseTo(1, 4);
});

test('returns nearer vectors for texts that share words', async () => {
  const [question, related, other] = await vectorsOf(
    await embed([
      'When was the parcel delivered?',
      'The parcel was delivered on Monday.',
      'Invoices are due in May.',
    ]),
  );
  expect(nearness(question, related)).toBeGreaterThan(nearness(question, other) + 0.2);
});

test('returns the requested dimensions, if the model has them', async () => {
  const [vector = []] = await vectorsOf(await embed(['a'], { output_dimension: 1_024 }));
  expect(vector).toHaveLength(1_024);
  expect((await embed(['a'], { output_dimension: 1_000 })).status).toBe(400);
});

test('rejects a wrong key with 401', async () => {
  expect((await embed(['a'], {}, { key: 'wrong' })).status).toBe(401);
});

test.each([
  ['97 texts', { texts: Array.from({ length: 97 }, () => 'a') }],
  ['no text', { texts: [] }],
  ['no model', { model: undefined }],
  ['no input type', { input_type: undefined }],
])('rejects a call with %s with 400', async (_, wrong) => {
  expect((await embed(['a'], wrong)).status).toBe(400);
});

test('returns ordered responses once each, then the usual ones', async () => {
  await cohere.order({
    responses: [
      { status: 429, headers: { 'retry-after': '7' } },
      { status: 500, times: 2 },
      { status: 502, body: '<html>' },
    ],
  });
  const limited = await embed(['a']);
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '7']);
  expect([(await embed(['a'])).status, (await embed(['a'])).status]).toEqual([500, 500]);
  expect(await (await embed(['a'])).text()).toBe('<html>');
  expect((await embed(['a'])).status).toBe(200);
});

test.each<[string, OrderedResponse, (vectors: unknown[][]) => unknown, unknown]>([
  ['too few vectors', { tooFew: 1 }, (vectors) => vectors.length, 1],
  [
    'other dimensions',
    { dimensions: 7 },
    (vectors) => vectors.map((vector) => vector.length),
    [7, 7],
  ],
  ['null for a number', { nan: true }, ([first]) => first?.[0], null],
])('can return %s', async (_, response, look, seen) => {
  await cohere.order({ responses: [response] });
  expect(look(await vectorsOf(await embed(['a', 'b'])))).toEqual(seen);
});

test('can return the bare word NaN, which is not JSON', async () => {
  await cohere.order({ responses: [{ nan: 'word' }] });
  expect(await (await embed(['a'])).text()).toContain('[NaN,');
});

test('can hang until the caller aborts', async () => {
  await cohere.order({ responses: [{ hang: true }] });
  const caller = new AbortController();
  const call = embed(['a'], {}, { signal: caller.signal });
  await eventually(async () => (await cohere.counts()).open === 1, { what: 'the call' });
  caller.abort();
  await expect(call).rejects.toThrow();
  await eventually(async () => (await cohere.counts()).abandoned === 1, {
    what: 'the count of the abandoned call',
  });
});

test('rejects texts above the rate with 429 and a time to wait', async () => {
  await cohere.order({ inputsPerMinute: 3 });
  expect((await embed(['a', 'b'])).status).toBe(200);
  const refused = await embed(['a', 'b']);
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
  expect((await embed(['a'])).status).toBe(200);
  expect(await cohere.counts()).toMatchObject({ limited: 1, refused: 1 });
});

test('counts calls, texts, the largest batch and the most calls at once', async () => {
  await cohere.order({ latencyMs: 300 });
  await Promise.all([embed(['a', 'b', 'c']), embed(['a'])]);
  expect(await cohereControl(cohere.url).counts()).toMatchObject({
    calls: 2,
    texts: 4,
    largestBatch: 3,
    mostAtOnce: 2,
    refused: 0,
  });
});

test('reranks documents by the words that they share with the query', async () => {
  const response = await post('/v2/rerank', {
    model: 'rerank-v3.5',
    query: 'When was the parcel delivered?',
    documents: [
      'Invoices are due in May.',
      'The parcel was delivered on Monday.',
      'Nothing at all.',
    ],
    top_n: 2,
  });
  const { results } = (await response.json()) as {
    results: { index: number; relevance_score: number }[];
  };
  expect(results.map(({ index }) => index)).toEqual([1, 0]);
  expect(results[0]?.relevance_score).toBeGreaterThan(0.3);
});

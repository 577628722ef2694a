/**
 * The embedder of Cohere, on a server with Cohere's wire format: the contract of Embedder, then every
 * kind of failure.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createCohereEmbedder, type CohereEmbedder } from '../../src/cohere/embedder.js';
import type { TextBucket } from '../../src/cohere/rate-limit.js';
import {
  startCohereStandIn,
  type CohereStandIn,
  type OrderedResponse,
} from '../support/cohere-stand-in/start.js';
import { describeEmbedderContract } from '../support/contracts/embedder.js';
import '../support/one-error-class.js';
import { eventually } from '../support/wait.js';

const DIMENSIONS = 256;
const unlimitedBucket: TextBucket = { take: async () => undefined };
function texts(count: number) {
  return Array.from({ length: count }, (_, index) => `passage number ${index} of the test`);
}

describe('Cohere', () => {
  let cohere: CohereStandIn;
  beforeAll(async () => {
    cohere = await startCohereStandIn();
  });
  afterAll(() => cohere.stop());

  const open = (more: Partial<Parameters<typeof createCohereEmbedder>[0]> = {}) =>
    createCohereEmbedder({
      apiKey: cohere.apiKey,
      baseUrl: cohere.url,
      dimensions: DIMENSIONS,
      bucket: unlimitedBucket,
      ...more,
    });

  describeEmbedderContract('Cohere', () => open());

  describe('the embedder of Cohere', () => {
    let embedder: CohereEmbedder;

    beforeEach(async () => {
      await eventually(async () => (await cohere.counts()).open === 0);
      await cohere.order({ reset: true });
      embedder = await open();
    });
    afterEach(() => embedder.stop());

    const order = (...responses: OrderedResponse[]) => cohere.order({ responses });

    it('fills calls with the texts of many documents', async () => {
      await cohere.order({ latencyMs: 50 });
      const vectors = await Promise.all(
        Array.from({ length: 50 }, () => embedder.embed(texts(2), 'document')),
      );
      expect(vectors.every(({ length }) => length === 2)).toBe(true);
      const { calls, largestBatch } = await cohere.counts();
      expect(calls).toBeLessThanOrEqual(Math.ceil(100 / 96) + 1);
      expect(largestBatch).toBe(96);
    });

    it('fills calls with texts that arrive while others are in flight', async () => {
      await cohere.order({ latencyMs: 100 });
      const first = embedder.embed(texts(2), 'document');
      await eventually(async () => (await cohere.counts()).open === 1);
      await Promise.all([
        first,
        ...Array.from({ length: 49 }, () => embedder.embed(texts(2), 'document')),
      ]);
      expect((await cohere.counts()).calls).toBeLessThanOrEqual(Math.ceil(100 / 96) + 1);
    });

    it('sends passages and queries in different calls', async () => {
      await Promise.all([
        embedder.embed(['a passage'], 'document'),
        embedder.embed(['a question'], 'query'),
      ]);
      expect((await cohere.counts()).calls).toBe(2);
    });

    it.each([
      ['429 without Retry-After', { status: 429 }],
      ['429 with Retry-After', { status: 429, headers: { 'retry-after': '1' } }],
      ['500', { status: 500 }],
      [
        '503 that is a page',
        { status: 503, headers: { 'content-type': 'text/html' }, body: '<h1>sorry</h1>' },
      ],
      ['502 that is not JSON', { status: 502, body: '<h1>sorry</h1>' }],
      ['an empty response', { status: 200, body: '' }],
    ])('repeats the call, not the document, after %s', async (_, response) => {
      await order(response);
      expect(await embedder.embed(texts(3), 'document')).toHaveLength(3);
      expect((await cohere.counts()).calls).toBe(2);
    });

    it('delays every call by Retry-After', async () => {
      await order({ status: 429, headers: { 'retry-after': '2' } });
      const startedAt = performance.now();
      const first = embedder.embed(['one'], 'document');
      await eventually(async () => (await cohere.counts()).refused === 1);
      await Promise.all([
        first,
        embedder.embed(['two'], 'document'),
        embedder.embed(['three'], 'query'),
      ]);
      expect(performance.now() - startedAt).toBeGreaterThan(1_950);
    });

    it('accepts a Retry-After that is a date', async () => {
      await order({
        status: 429,
        headers: { 'retry-after': new Date(Date.now() + 3_000).toUTCString() },
      });
      const startedAt = performance.now();
      await embedder.embed(['one'], 'document');
      expect(performance.now() - startedAt).toBeGreaterThan(1_500);
    });

    it('rejects documents without a call during a Retry-After of minutes', async () => {
      await order({ status: 429, headers: { 'retry-after': '600' } });
      await expect(embedder.embed(['one'], 'document')).rejects.toMatchObject({
        code: 'EMBEDDER_UNAVAILABLE',
      });
      await expect(embedder.embed(['two'], 'document')).rejects.toMatchObject({
        code: 'EMBEDDER_UNAVAILABLE',
      });
      expect((await cohere.counts()).calls).toBe(1);
    });

    it.each([429, 500, 503])('throws EMBEDDER_UNAVAILABLE if %i persists', async (status) => {
      await order({ status, times: 20 });
      await expect(embedder.embed(['one'], 'document')).rejects.toMatchObject({
        code: 'EMBEDDER_UNAVAILABLE',
        retryable: true,
      });
      expect((await cohere.counts()).calls).toBe(4);
    });

    it.each([400, 401, 403, 404, 422])(
      'throws EMBEDDER_REFUSED for %i, without the message of Cohere',
      async (status) => {
        const body = { message: `invalid ${cohere.apiKey} in: the secret text` };
        await order({ status, body, times: 20 });
        const failure: unknown = await embedder
          .embed(['the secret text'], 'document')
          .catch((error: unknown) => error);
        expect(failure).toMatchObject({ code: 'EMBEDDER_REFUSED', retryable: false });
        const { message, cause } = failure as Error;
        expect(`${message} ${String(cause)}`).not.toMatch(/secret|stand-in-key/);
        expect((await cohere.counts()).calls).toBe(1);
      },
    );

    it('throws EMBEDDER_REFUSED for a wrong key', async () => {
      const other = await open({ apiKey: 'hunter2-wrong' });
      await expect(other.embed(['one'], 'document')).rejects.toMatchObject({
        code: 'EMBEDDER_REFUSED',
        message: expect.stringContaining('COHERE_API_KEY') as string,
      });
      const problem: unknown = await other.check().catch((error: unknown) => error);
      expect(problem).toMatchObject({ name: 'ApiError', code: 'DEPENDENCY_UNAVAILABLE' });
      expect((problem as Error).message).not.toContain('hunter2');
      await other.stop();
    });

    it.each([
      ['too few vectors', { tooFew: 1 }],
      ['no vectors', { tooFew: 3 }],
      ['other dimensions', { dimensions: DIMENSIONS + 1 }],
      ['null instead of a number', { nan: true }],
      ['NaN instead of a number', { nan: 'word' }],
      ['a response of another form', { status: 200, body: { hello: 'world' } }],
      ['a response that is not JSON', { status: 200, body: '<html>' }],
    ] as [string, OrderedResponse][])('rejects %s', async (_, response) => {
      await order(response);
      await expect(embedder.embed(texts(3), 'document')).rejects.toMatchObject({
        code: 'EMBEDDER_UNAVAILABLE',
      });
      expect(await embedder.embed(texts(3), 'document')).toHaveLength(3);
    });

    it('aborts a call that hangs, and repeats it', async () => {
      const withTimeout = await open({ timeoutMs: 300 });
      await order({ hang: true });
      expect(await withTimeout.embed(['one'], 'document')).toHaveLength(1);
      expect(await cohere.counts()).toMatchObject({ calls: 2, abandoned: 1 });
      await order({ hang: true, times: 10 });
      await expect(withTimeout.embed(['one'], 'query')).rejects.toMatchObject({
        code: 'EMBEDDER_UNAVAILABLE',
      });
      await withTimeout.stop();
    });

    it('aborts a call when no request waits for it', async () => {
      await order({ hang: true });
      const controller = new AbortController();
      const cancelled = embedder
        .embed(['one'], 'document', { signal: controller.signal })
        .catch((error: unknown) => error);
      await eventually(async () => (await cohere.counts()).calls === 1);
      controller.abort('cancelled');
      expect(await cancelled).toBe('cancelled');
      await eventually(async () => (await cohere.counts()).abandoned === 1);
    });

    it('charges every text that it sends, also in repeated calls', async () => {
      const taken: number[] = [];
      const charged = await open({ bucket: { take: async (count) => void taken.push(count) } });
      await order({ status: 500 });
      await charged.embed(texts(5), 'document');
      expect(taken).toEqual([5, 5]);
      await charged.stop();
    });

    it('embeds a query while documents wait for the bucket', async () => {
      const empty = await open({ bucket: { take: () => new Promise<void>(() => undefined) } });
      expect(await empty.embed(['a question'], 'query')).toHaveLength(1);
      const waiting = empty.embed(['a passage'], 'document').catch((error: unknown) => error);
      await empty.stop();
      expect(await waiting).toMatchObject({ code: 'EMBEDDER_UNAVAILABLE' });
    });

    it('reports its calls', async () => {
      const reports: string[] = [];
      const watched = await open({
        onCall: ({ texts: count, outcome }) => void reports.push(`${count} ${outcome}`),
      });
      await order({ status: 500 }, {}, { status: 401 });
      await watched.embed(texts(2), 'document');
      await watched.embed(texts(1), 'document').catch(() => undefined);
      expect(reports).toEqual(['2 repeated', '2 answered', '1 failed']);
      await watched.stop();
    });

    it('reuses the outcome of a check, which costs one text', async () => {
      await Promise.all([embedder.check(), embedder.check()]);
      await embedder.check();
      expect((await cohere.counts()).calls).toBe(1);
    });
  });
});

describe('the requests of the embedder', () => {
  it('name model, purpose and dimensions, without dimensions for an older model', async () => {
    const server = createServer((request, response) => {
      void readBody(request).then((body) => {
        received.push(body);
        const float = (body['texts'] as string[]).map(() => [3, 4]);
        response
          .setHeader('content-type', 'application/json')
          .end(JSON.stringify({ id: 'x', embeddings: { float }, texts: [] }));
      });
    });
    const received: Record<string, unknown>[] = [];
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const options = {
      apiKey: 'a',
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      dimensions: 2,
      bucket: unlimitedBucket,
    };
    const newer = await createCohereEmbedder(options);
    const older = await createCohereEmbedder({ ...options, model: 'embed-english-v3.0' });
    const [vector] = await newer.embed(['a \ud800 passage'], 'document');
    await older.embed(['a question'], 'query');
    expect(Array.from(vector ?? [])).toEqual([Math.fround(0.6), Math.fround(0.8)]);
    expect(received).toEqual([
      {
        model: 'embed-v4.0',
        texts: ['a \ufffd passage'],
        input_type: 'search_document',
        embedding_types: ['float'],
        output_dimension: 2,
        truncate: 'END',
      },
      {
        model: 'embed-english-v3.0',
        texts: ['a question'],
        input_type: 'search_query',
        embedding_types: ['float'],
        truncate: 'END',
      },
    ]);
    await Promise.all([newer.stop(), older.stop()]);
    server.close();
    server.closeAllConnections();
  });

  it.each([
    ['400', 400],
    ['422', 422],
  ])('fail only the document of a text that is refused with %s', async (_, status) => {
    let calls = 0;
    const server = createServer((request, response) => {
      void readBody(request).then((body) => {
        calls += 1;
        const sent = body['texts'] as string[];
        response.setHeader('content-type', 'application/json');
        response.statusCode = sent.includes('bad') ? status : 200;
        response.end(
          JSON.stringify(
            sent.includes('bad')
              ? { message: 'no' }
              : { id: 'x', embeddings: { float: sent.map(() => [1, 0]) } },
          ),
        );
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const embedder = await createCohereEmbedder({
      apiKey: 'a',
      baseUrl,
      dimensions: 2,
      bucket: unlimitedBucket,
    });
    const documents = Array.from({ length: 30 }, (_each, index) =>
      embedder.embed(index === 17 ? ['good', 'bad'] : ['good'], 'document'),
    );
    const outcomes = await Promise.allSettled(documents);
    expect(
      outcomes.flatMap(({ status: outcome }, index) => (outcome === 'rejected' ? [index] : [])),
    ).toEqual([17]);
    expect(outcomes[17]).toMatchObject({ reason: { code: 'EMBEDDER_REFUSED' } });
    expect(calls).toBeLessThan(15);
    await embedder.stop();
    server.close();
    server.closeAllConnections();
  });

  it('fail with EMBEDDER_UNAVAILABLE if no server listens', async () => {
    const embedder = await createCohereEmbedder({
      apiKey: 'a',
      baseUrl: 'http://127.0.0.1:9',
      dimensions: 2,
      bucket: unlimitedBucket,
    });
    await expect(embedder.embed(['one'], 'query')).rejects.toMatchObject({
      code: 'EMBEDDER_UNAVAILABLE',
    });
    await expect(embedder.check()).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
    await embedder.stop();
  });
});

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const buffers: Buffer[] = [];
  for await (const buffer of request) buffers.push(buffer as Buffer);
  return JSON.parse(Buffer.concat(buffers).toString()) as Record<string, unknown>;
}

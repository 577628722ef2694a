import type { Document } from '../../src/documents/document.js';
import type {
  DocumentStore,
  EmbedOptions,
  Reranker,
  VectorHit,
  VectorQuery,
} from '../../src/documents/ports.js';
import {
  createSearchDocuments,
  MAX_QUERY_LENGTH,
  type Search,
} from '../../src/documents/search-documents.js';
import { ApiError } from '../../src/errors.js';
import { makeLogger } from '../support/make-logger.js';
import { createFakeEmbedder, createFakeVectors } from '../support/fake-adapters.js';
import { eventually } from '../support/wait.js';
import { createFakeStore, type FakeStore } from '../support/fake-store.js';

const alice = { id: 'alice', email: null, isAdmin: false, expiresAt: null };

let store: FakeStore;
let hits: VectorHit[];
let asked: VectorQuery[];
let logger: ReturnType<typeof makeLogger>;
beforeEach(() => {
  store = createFakeStore();
  hits = [];
  asked = [];
  logger = makeLogger();
});

/**
 * Passages of a document, in a vector store that answers in the order in which they were put there.
 */
function put(document: Document, count: number, generation = document.generation): void {
  const rest = {
    documentId: document.id,
    generation,
    text: 'some knots',
    page: null,
    charStart: 0,
    charEnd: 4,
    score: 0.5,
  };
  hits.push(...Array.from({ length: count }, (_, index) => ({ ...rest, index })));
}

const addReady = (more: Partial<Document> = {}) =>
  store.add({ status: 'COMPLETED', liveGeneration: 1, ...more });

interface Parts {
  embedder?: ReturnType<typeof createFakeEmbedder>;
  reranker?: Reranker;
  timeoutMs?: number;
  /** Called when the vector store is asked. */
  onAsked?: () => void;
}

function search(more: Partial<Search> = {}, parts: Parts = {}, signal?: AbortSignal) {
  const { embedder = createFakeEmbedder(), reranker = null, timeoutMs = 5_000, onAsked } = parts;
  const vectors = {
    ...createFakeVectors(),
    search: async (query: VectorQuery) => {
      asked.push(query);
      onAsked?.();
      return hits
        .filter(({ documentId }) => query.documentIds?.includes(documentId) ?? true)
        .slice(0, query.limit);
    },
  };
  const limits = {
    maxRunning: 8,
    maxRunningPerUser: 2,
    maxWaitingPerUser: 8,
    maxWaiting: 64,
    timeoutMs,
  };
  const searchDocuments = createSearchDocuments({
    store: store as unknown as DocumentStore,
    embedder,
    vectors,
    reranker,
    limits,
    logger,
  });
  return searchDocuments(alice, { query: 'knot', first: 10, mode: 'HYBRID', ...more }, { signal });
}

const badInput = (field: string) =>
  expect.objectContaining({
    code: 'BAD_USER_INPUT',
    details: expect.objectContaining({ field }) as object,
  }) as Error;

describe('a search', () => {
  it('answers passages with their document and where the words stand', async () => {
    const document = addReady();
    put(document, 1);
    const found = await search();
    expect(found).toEqual([expect.objectContaining({ document, index: 0 })]);
    expect(found[0]?.findHighlights()).toEqual([{ start: 5, end: 10 }]);
  });

  it.each<[string, (document: Document) => void]>([
    ['is being deleted', ({ id }) => store.set(id, { status: 'DELETING' })],
    ['is gone', ({ id }) => store.remove(id)],
    ['is of somebody else', ({ id }) => store.set(id, { userId: 'bob' })],
    ['answers with another generation', ({ id }) => store.set(id, { liveGeneration: 2 })],
    ['has never been completed', ({ id }) => store.set(id, { liveGeneration: null })],
  ])('never answers a passage of a document that %s', async (_, happen) => {
    const document = addReady();
    put(document, 3);
    happen(document);
    expect(await search()).toEqual([]);
  });

  it('goes on answering with the old generation while a new one is made', async () => {
    const document = addReady();
    put(document, 1);
    store.set(document.id, { status: 'VECTORIZING', generation: 2 });
    expect(await search()).toHaveLength(1);
  });

  it('answers as many as were asked for, however many have to be dropped before them', async () => {
    put(store.add({ status: 'DELETING', liveGeneration: 1 }), 300);
    put(addReady(), 20);
    expect(await search({ first: 10 })).toHaveLength(10);
    expect(asked.length).toBeGreaterThan(1);
  });

  it('ends when there are no more', async () => {
    put(addReady(), 3);
    expect(await search({ first: 10 })).toHaveLength(3);
    expect(asked).toHaveLength(1);
  });

  it('by words asks no embedder', async () => {
    const embedder = {
      ...createFakeEmbedder(),
      embed: () => Promise.reject(new Error('was asked')),
    };
    await search({ mode: 'KEYWORD' }, { embedder });
    expect(asked[0]).toMatchObject({ mode: 'KEYWORD', vector: null, userId: 'alice' });
  });

  it('within documents passes over ids that name nothing', async () => {
    const document = addReady();
    put(document, 1);
    expect(await search({ documentIds: ['no id', document.id] })).toHaveLength(1);
    expect(asked[0]?.documentIds).toEqual([document.id]);
  });

  it('within no documents finds nothing, rather than everything', async () => {
    put(addReady(), 1);
    expect(await search({ documentIds: [] })).toEqual([]);
    expect(await search({ documentIds: ['no id'] })).toEqual([]);
  });

  it.each(['', '  ', '\0'])('for %j is refused', async (query) => {
    await expect(search({ query })).rejects.toEqual(badInput('query'));
  });

  it('takes a query of the greatest length, and none that is longer', async () => {
    await expect(search({ query: 'x'.repeat(MAX_QUERY_LENGTH) })).resolves.toEqual([]);
    await expect(search({ query: 'x'.repeat(MAX_QUERY_LENGTH + 1) })).rejects.toEqual(
      badInput('query'),
    );
  });

  it.each([0, -1, 101])('for %d passages is refused', async (first) => {
    await expect(search({ first })).rejects.toEqual(badInput('first'));
  });

  it('that the embedder cannot serve is DEPENDENCY_UNAVAILABLE', async () => {
    const embedder = { ...createFakeEmbedder(), embed: () => Promise.reject(new Error('away')) };
    await expect(search({}, { embedder })).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
    });
  });
});

describe('with a reranker', () => {
  /** The later a passage was found, the better it answers. */
  const reversing: Reranker = {
    rerank: async (_, texts) => texts.map((_text, index) => index / texts.length),
  };

  it('many are found, and the best of them are shown, by the order of the reranker', async () => {
    put(addReady(), 60);
    const found = await search({ first: 3 }, { reranker: reversing });
    expect(found.map(({ index, score }) => ({ index, score }))).toEqual([
      { index: 49, score: 49 / 50 },
      { index: 48, score: 48 / 50 },
      { index: 47, score: 47 / 50 },
    ]);
  });

  it('it is not asked where words decide, nor when nothing was found', async () => {
    const never: Reranker = { rerank: () => Promise.reject(new Error('asked')) };
    expect(await search({}, { reranker: never })).toEqual([]);
    put(addReady(), 2);
    expect(
      (await search({ mode: 'KEYWORD' }, { reranker: never })).map(({ index }) => index),
    ).toEqual([0, 1]);
    expect(logger.lines).toEqual([]);
  });

  it('one that fails costs the better order and not the answer, and the log says so without a text', async () => {
    put(addReady(), 3);
    const failing: Reranker = { rerank: () => Promise.reject(new Error('away')) };
    expect((await search({ first: 2 }, { reranker: failing })).map(({ index }) => index)).toEqual([
      0, 1,
    ]);
    expect(logger.lines).toMatchObject([{ level: 'warn' }]);
    expect(JSON.stringify(logger.lines)).not.toMatch(/knot/);
  });
});

describe('a search that nobody waits for', () => {
  const hanging = (calls: AbortSignal[]) => ({
    ...createFakeEmbedder(),
    embed: (_texts: readonly string[], _purpose: string, { signal }: EmbedOptions = {}) => {
      if (signal) calls.push(signal);
      return new Promise<Float32Array[]>((_resolve, reject) =>
        signal?.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    },
  });

  it('is dropped: its embedding is aborted, and the vector store is not asked', async () => {
    const calls: AbortSignal[] = [];
    const client = new AbortController();
    const left = search({}, { embedder: hanging(calls) }, client.signal).catch(
      (error: unknown) => error,
    );
    await eventually(() => calls.length === 1);
    client.abort(new Error('the connection is closed'));
    expect(await left).toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
    expect([calls[0]?.aborted, asked.length]).toEqual([true, 0]);
  });

  it('passes the reason on if it has a code', async () => {
    const reason = new ApiError('UNAUTHENTICATED', 'The token has expired.');
    await expect(search({}, {}, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it('is not asked for again and again once it was aborted', async () => {
    const client = new AbortController();
    put(store.add({ status: 'DELETING', liveGeneration: 1 }), 300);
    const left = search({}, { onAsked: () => client.abort() }, client.signal);
    await expect(left).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
    expect(asked).toHaveLength(1);
  });

  it('ends after its time limit with DEPENDENCY_UNAVAILABLE and when to retry', async () => {
    const embedder = hanging([]);
    await expect(search({}, { embedder, timeoutMs: 20 })).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
      details: { retryAfterSeconds: 1 },
    });
  });
});

it('computes highlights when they are asked for, once', async () => {
  put(addReady(), 1);
  const [hit] = await search();
  expect(hit?.findHighlights()).toBe(hit?.findHighlights());
});

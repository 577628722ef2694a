import { stemmer } from 'stemmer';
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
import { makeLog } from '../support/make-log.js';
import { createFakeEmbedder, createFakeVectors } from '../support/fake-parts.js';
import { eventually } from '../support/wait.js';
import { createFakeStore, type FakeStore } from '../support/fake-store.js';

const alice = { id: 'alice', email: null, isAdmin: false, expiresAt: null };

let store: FakeStore;
let hits: VectorHit[];
let queries: VectorQuery[];
let logger: ReturnType<typeof makeLog>;
beforeEach(() => {
  store = createFakeStore();
  hits = [];
  queries = [];
  logger = makeLog();
});

/**
 * Passages of a document, in a vector store that returns them in the order of their insertion.
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
  /** Called before the vector store returns hits. */
  onSearch?: () => void;
}

function search(more: Partial<Search> = {}, parts: Parts = {}, signal?: AbortSignal) {
  const { embedder = createFakeEmbedder(), reranker = null, timeoutMs = 5_000, onSearch } = parts;
  const vectors = {
    ...createFakeVectors(),
    search: async (query: VectorQuery) => {
      queries.push(query);
      onSearch?.();
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
    stem: stemmer,
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
  it('returns passages with their document and the positions of the words', async () => {
    const document = addReady();
    put(document, 1);
    const found = await search();
    expect(found).toEqual([expect.objectContaining({ document, index: 0 })]);
    expect(found[0]?.findHighlights()).toEqual([{ start: 5, end: 10 }]);
  });

  it.each<[string, (document: Document) => void]>([
    ['is being deleted', ({ id }) => store.set(id, { status: 'DELETING' })],
    ['does not exist', ({ id }) => store.remove(id)],
    ['belongs to another user', ({ id }) => store.set(id, { userId: 'bob' })],
    ['has another live generation', ({ id }) => store.set(id, { liveGeneration: 2 })],
    ['has never been completed', ({ id }) => store.set(id, { liveGeneration: null })],
  ])('never returns a passage of a document that %s', async (_, happen) => {
    const document = addReady();
    put(document, 3);
    happen(document);
    expect(await search()).toEqual([]);
  });

  it('returns the old generation while a new one is processed', async () => {
    const document = addReady();
    put(document, 1);
    store.set(document.id, { status: 'VECTORIZING', generation: 2 });
    expect(await search()).toHaveLength(1);
  });

  it('returns the requested number of hits, however many hidden ones come first', async () => {
    put(store.add({ status: 'DELETING', liveGeneration: 1 }), 300);
    put(addReady(), 20);
    expect(await search({ first: 10 })).toHaveLength(10);
    expect(queries.length).toBeGreaterThan(1);
  });

  it('ends when there are no more hits', async () => {
    put(addReady(), 3);
    expect(await search({ first: 10 })).toHaveLength(3);
    expect(queries).toHaveLength(1);
  });

  it('calls no embedder for a search by words', async () => {
    const embedder = {
      ...createFakeEmbedder(),
      embed: () => Promise.reject(new Error('was called')),
    };
    await search({ mode: 'KEYWORD' }, { embedder });
    expect(queries[0]).toMatchObject({ mode: 'KEYWORD', vector: null, userId: 'alice' });
  });

  it('ignores unknown ids among the documents to search', async () => {
    const document = addReady();
    put(document, 1);
    expect(await search({ documentIds: ['no id', document.id] })).toHaveLength(1);
    expect(queries[0]?.documentIds).toEqual([document.id]);
  });

  it('finds nothing if there are no documents to search', async () => {
    put(addReady(), 1);
    expect(await search({ documentIds: [] })).toEqual([]);
    expect(await search({ documentIds: ['no id'] })).toEqual([]);
  });

  it.each(['', '  ', '\0'])('rejects the query %j', async (query) => {
    await expect(search({ query })).rejects.toEqual(badInput('query'));
  });

  it('accepts a query of the maximum length, and rejects a longer one', async () => {
    await expect(search({ query: 'x'.repeat(MAX_QUERY_LENGTH) })).resolves.toEqual([]);
    await expect(search({ query: 'x'.repeat(MAX_QUERY_LENGTH + 1) })).rejects.toEqual(
      badInput('query'),
    );
  });

  it.each([0, -1, 101])('rejects a search for %d passages', async (first) => {
    await expect(search({ first })).rejects.toEqual(badInput('first'));
  });

  it('fails with DEPENDENCY_UNAVAILABLE if the embedder fails', async () => {
    const embedder = { ...createFakeEmbedder(), embed: () => Promise.reject(new Error('away')) };
    await expect(search({}, { embedder })).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
    });
  });
});

describe('a search with a reranker', () => {
  /** Scores later hits higher. */
  const reversing: Reranker = {
    rerank: async (_, texts) => texts.map((_text, index) => index / texts.length),
  };

  it('reranks many hits and returns the best, in the order of the reranker', async () => {
    put(addReady(), 60);
    const found = await search({ first: 3 }, { reranker: reversing });
    expect(found.map(({ index, score }) => ({ index, score }))).toEqual([
      { index: 49, score: 49 / 50 },
      { index: 48, score: 48 / 50 },
      { index: 47, score: 47 / 50 },
    ]);
  });

  it('does not call the reranker for a search by words, or without hits', async () => {
    const never: Reranker = { rerank: () => Promise.reject(new Error('was called')) };
    expect(await search({}, { reranker: never })).toEqual([]);
    put(addReady(), 2);
    expect(
      (await search({ mode: 'KEYWORD' }, { reranker: never })).map(({ index }) => index),
    ).toEqual([0, 1]);
    expect(logger.lines).toEqual([]);
  });

  it('keeps the order of the hits if the reranker fails, and logs that without any text', async () => {
    put(addReady(), 3);
    const failing: Reranker = { rerank: () => Promise.reject(new Error('away')) };
    expect((await search({ first: 2 }, { reranker: failing })).map(({ index }) => index)).toEqual([
      0, 1,
    ]);
    expect(logger.lines).toMatchObject([{ level: 'warn' }]);
    expect(JSON.stringify(logger.lines)).not.toMatch(/knot/);
  });
});

describe('an aborted search', () => {
  const hanging = (calls: AbortSignal[]) => ({
    ...createFakeEmbedder(),
    embed: (_texts: readonly string[], _purpose: string, { signal }: EmbedOptions = {}) => {
      if (signal) calls.push(signal);
      return new Promise<Float32Array[]>((_resolve, reject) =>
        signal?.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    },
  });

  it('aborts its embedding and does not call the vector store', async () => {
    const calls: AbortSignal[] = [];
    const client = new AbortController();
    const left = search({}, { embedder: hanging(calls) }, client.signal).catch(
      (error: unknown) => error,
    );
    await eventually(() => calls.length === 1);
    client.abort(new Error('the connection is closed'));
    expect(await left).toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
    expect([calls[0]?.aborted, queries.length]).toEqual([true, 0]);
  });

  it('rejects with the reason of the signal if it has a code', async () => {
    const reason = new ApiError('UNAUTHENTICATED', 'The token has expired.');
    await expect(search({}, {}, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it('sends no further query to the vector store', async () => {
    const client = new AbortController();
    put(store.add({ status: 'DELETING', liveGeneration: 1 }), 300);
    const left = search({}, { onSearch: () => client.abort() }, client.signal);
    await expect(left).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
    expect(queries).toHaveLength(1);
  });

  it('rejects after its time limit with DEPENDENCY_UNAVAILABLE and a retry time', async () => {
    const embedder = hanging([]);
    await expect(search({}, { embedder, timeoutMs: 20 })).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
      details: { retryAfterSeconds: 1 },
    });
  });
});

it('computes highlights once, at the first call', async () => {
  put(addReady(), 1);
  const [hit] = await search();
  expect(hit?.findHighlights()).toBe(hit?.findHighlights());
});

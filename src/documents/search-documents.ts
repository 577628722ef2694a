import { ApiError } from '../errors.js';
import type { Logger } from '../runtime/logger.js';
import type { Document } from './document.js';
import { isDocumentId } from './document-id.js';
import { createHighlighter, maxHighlights, type Highlight } from './highlights.js';
import type {
  DocumentStore,
  Embedder,
  Reranker,
  SearchMode,
  VectorHit,
  VectorQuery,
  VectorStore,
  Viewer,
} from './ports.js';
import { createSearchQueue, type SearchLimits } from './search-queue.js';
import type { Stem } from './words.js';

export const MAX_SEARCH_HITS = 100;
/** UTF-16 code units. */
export const MAX_QUERY_LENGTH = 2_000;

export interface Search {
  query: string;
  first: number;
  mode: SearchMode;
  documentIds?: readonly string[];
}

export interface SearchHit extends VectorHit {
  document: Document;
  /** Returns where the words of the query are in the text; computed at the first call. */
  findHighlights(): Highlight[];
}

export interface SearchOptions {
  /** If it aborts, the search rejects and skips the steps that have not started. */
  signal?: AbortSignal | undefined;
}

export type SearchDocuments = (
  viewer: Viewer,
  search: Search,
  options?: SearchOptions,
) => Promise<SearchHit[]>;

interface Dependencies {
  store: DocumentStore;
  embedder: Embedder;
  vectors: VectorStore;
  /** Reorders the hits of a search by meaning; absent or null: the vector store's order is kept. */
  reranker?: Reranker | null;
  /** `timeoutMs` is the time from the request to its hits, and includes the wait in the queue. */
  limits: SearchLimits & { timeoutMs: number };
  /** Finds the words of a query in the hits. Must be the one that keyword search uses. */
  stem: Stem;
  logger: Pick<Logger, 'warn'>;
}

/**
 * Hits of hidden documents are dropped after the vector store returned them. So a search requests
 * twice as many hits as it returns, and more if some are missing.
 */
const SURPLUS = 2;
const GROWTH = 4;
const MAX_REQUESTED_HITS = 5_000;
/**
 * Hits that the reranker gets: enough that the best passage is among them, and few enough that
 * people do not notice the delay.
 */
const MIN_RERANKED_HITS = 50;

/**
 * Searches the viewer's completed documents by meaning, by words, or both. Throws BAD_USER_INPUT,
 * RATE_LIMITED if too many searches wait, and DEPENDENCY_UNAVAILABLE if a dependency fails or the
 * time limit passes.
 */
export function createSearchDocuments(dependencies: Dependencies): SearchDocuments {
  const queue = createSearchQueue(dependencies.limits);
  return async (viewer, search, { signal } = {}) => {
    const text = search.query.replaceAll('\0', ' ').toWellFormed().trim();
    assertSearch(search, text);
    const documentIds = search.documentIds?.filter(isDocumentId);
    if (documentIds?.length === 0) return [];
    const query = {
      userId: viewer.id,
      mode: search.mode,
      text,
      ...(documentIds && { documentIds }),
    };
    const hits = await withTimeLimit(dependencies.limits.timeoutMs, signal, (limited) =>
      queue.run(viewer.id, limited, () => findBest(dependencies, query, search.first, limited)),
    );
    const highlight = createHighlighter(text, dependencies.stem);
    const limit = maxHighlights(hits.length);
    return hits.map((hit) => ({ ...hit, findHighlights: once(() => highlight(hit.text, limit)) }));
  };
}

function once(find: () => Highlight[]): () => Highlight[] {
  let found: Highlight[] | undefined;
  return () => (found ??= find());
}

/**
 * Runs `work` with a signal that aborts with an ApiError after the time limit, or when the caller's
 * signal aborts.
 */
async function withTimeLimit<Result>(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  work: (limited: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const limited = new AbortController();
  const timer = setTimeout(() => limited.abort(timedOut(timeoutMs)), timeoutMs);
  const abort = (): void =>
    limited.abort(signal?.reason instanceof ApiError ? signal.reason : cancelled(signal?.reason));
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return await work(limited.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

function timedOut(timeoutMs: number): ApiError {
  const seconds = timeoutMs / 1_000;
  return new ApiError(
    'DEPENDENCY_UNAVAILABLE',
    `The search did not finish within ${seconds} s. Try again later.`,
    { retryAfterSeconds: Math.ceil(seconds) },
  );
}

/** Returns an error that no client receives, because the client has disconnected. */
function cancelled(cause: unknown): ApiError {
  return new ApiError('DEPENDENCY_UNAVAILABLE', 'The search was cancelled.', {}, { cause });
}

function assertSearch({ first }: Search, text: string): void {
  if (text === '')
    throw new ApiError('BAD_USER_INPUT', 'query must not be empty.', { field: 'query' });
  if (text.length > MAX_QUERY_LENGTH) {
    const message = `query must not be longer than ${MAX_QUERY_LENGTH} characters.`;
    throw new ApiError('BAD_USER_INPUT', message, {
      field: 'query',
      limit: MAX_QUERY_LENGTH,
    });
  }
  if (first < 1 || first > MAX_SEARCH_HITS) {
    throw new ApiError('BAD_USER_INPUT', `first must be 1 to ${MAX_SEARCH_HITS}.`, {
      field: 'first',
      limit: MAX_SEARCH_HITS,
    });
  }
}

type Query = Omit<VectorQuery, 'limit' | 'vector'>;
type VisibleHit = VectorHit & { document: Document };

/** Returns the vector of the query, or null for a search by words. */
async function embedQuery(
  { embedder }: Dependencies,
  query: Query,
  signal: AbortSignal,
): Promise<Float32Array | null> {
  if (query.mode === 'KEYWORD') return null;
  const options = { signal, owner: { userId: query.userId } };
  const [vector] = await asUnavailable(signal, 'The embedding service', () =>
    embedder.embed([query.text], 'query', options),
  );
  if (!vector)
    throw new ApiError(
      'DEPENDENCY_UNAVAILABLE',
      'The embedding service returned no vector. Try again later.',
    );
  return vector;
}

/** Turns every error of a dependency into DEPENDENCY_UNAVAILABLE, except the signal's reason. */
async function asUnavailable<Result>(
  signal: AbortSignal,
  dependency: string,
  work: () => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    throw new ApiError(
      'DEPENDENCY_UNAVAILABLE',
      `${dependency} does not respond. Try again later.`,
      {},
      { cause: error },
    );
  }
}

async function findBest(
  dependencies: Dependencies,
  query: Query,
  first: number,
  signal: AbortSignal,
): Promise<VisibleHit[]> {
  const { reranker, logger } = dependencies;
  const embedded = { ...query, vector: await embedQuery(dependencies, query, signal) };
  if (!reranker || query.mode === 'KEYWORD')
    return findVisible(dependencies, embedded, first, signal);
  const candidates = Math.max(first, MIN_RERANKED_HITS);
  const hits = await findVisible(dependencies, embedded, candidates, signal);
  try {
    return (await rerank(reranker, query.text, hits, signal)).slice(0, first);
  } catch (error) {
    signal.throwIfAborted();
    // The hits are right and only their order is worse, so the search does not fail.
    logger.warn({ err: error }, 'failed to rerank the hits of a search; keeping their order');
    return hits.slice(0, first);
  }
}

async function rerank(
  reranker: Reranker,
  query: string,
  hits: readonly VisibleHit[],
  signal: AbortSignal,
): Promise<VisibleHit[]> {
  if (hits.length === 0) return [];
  const texts = hits.map(({ text }) => text);
  const scores = await reranker.rerank(query, texts, signal);
  return hits
    .map((hit, index) => ({ ...hit, score: scores[index] ?? 0 }))
    .sort((a, b) => b.score - a.score);
}

/** Returns the best hits of visible documents: `first`, or fewer if there are no more. */
async function findVisible(
  { store, vectors }: Dependencies,
  query: Omit<VectorQuery, 'limit'>,
  first: number,
  signal: AbortSignal,
): Promise<VisibleHit[]> {
  for (let limit = first * SURPLUS; ; limit *= GROWTH) {
    const hits = await asUnavailable(signal, 'The vector store', () =>
      vectors.search({ ...query, limit }, signal),
    );
    signal.throwIfAborted();
    const visible = await dropHidden(store, query.userId, hits);
    if (visible.length >= first || hits.length < limit || limit >= MAX_REQUESTED_HITS)
      return visible.slice(0, first);
  }
}

/**
 * Returns the hits whose document belongs to the user, is not being deleted, and has the generation
 * of the hit as its live one.
 */
async function dropHidden(
  store: DocumentStore,
  userId: string,
  hits: readonly VectorHit[],
): Promise<VisibleHit[]> {
  const found = await store.findMany([...new Set(hits.map((hit) => hit.documentId))]);
  const documents = new Map(found.map((document) => [document.id, document]));
  return hits.flatMap((hit) => {
    const document = documents.get(hit.documentId);
    return document &&
      document.userId === userId &&
      document.status !== 'DELETING' &&
      document.liveGeneration === hit.generation
      ? [{ ...hit, document }]
      : [];
  });
}

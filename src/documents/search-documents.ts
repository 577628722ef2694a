import { ApiError } from '../errors.js';
import type { Document } from './document.js';
import { isDocumentId } from './delete-document.js';
import { createHighlighter, maxHighlights, type Highlight } from './highlights.js';
import type {
  DocumentStore,
  Embedder,
  SearchMode,
  VectorHit,
  VectorQuery,
  VectorStore,
  Viewer,
  Reranker,
} from './ports.js';
import { createSearchQueue, type SearchLimits } from './search-queue.js';

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
  /** Computed when first called. */
  findHighlights(): Highlight[];
}

export interface SearchOptions {
  /** When it aborts, the search ends: steps that have not begun are dropped. */
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
  /**
   * Puts what was found by meaning into order once more; without it the vector store's order holds.
   */
  reranker?: Reranker | null;
  /** `timeoutMs`: from the request to its hits, waiting for a place included. */
  limits: SearchLimits & { timeoutMs: number };
  logger: { warn(fields: object, message: string): void };
}

/**
 * Hits of rows that may not answer are dropped afterwards, so more are asked for than are shown,
 * and more again while some are missing.
 */
const SURPLUS = 2;
const MAX_ASKED = 5_000;
/**
 * Candidates of a reranker: enough that the best passage is among them, few enough that a person
 * does not wait.
 */
const MIN_RERANKED = 50;

/**
 * By meaning, by words, or both; only the viewer's own, only what is complete. Throws
 * BAD_USER_INPUT, RATE_LIMITED if too many searches wait, DEPENDENCY_UNAVAILABLE if a part or the
 * time limit fails the search.
 */
export function createSearchDocuments(dependencies: Dependencies): SearchDocuments {
  const queue = createSearchQueue(dependencies.limits);
  return async (viewer, search, { signal } = {}) => {
    const query = search.query.replaceAll('\0', ' ').toWellFormed().trim();
    assertSearch(search, query);
    const documentIds = search.documentIds?.filter(isDocumentId);
    if (documentIds?.length === 0) return [];
    const asked = {
      userId: viewer.id,
      mode: search.mode,
      text: query,
      ...(documentIds && { documentIds }),
    };
    const hits = await withDeadline(dependencies.limits.timeoutMs, signal, (deadline) =>
      queue.run(viewer.id, deadline, () => findBest(dependencies, asked, search.first, deadline)),
    );
    const highlight = createHighlighter(query);
    const limit = maxHighlights(hits.length);
    return hits.map((hit) => ({ ...hit, findHighlights: once(() => highlight(hit.text, limit)) }));
  };
}

function once(find: () => Highlight[]): () => Highlight[] {
  let found: Highlight[] | undefined;
  return () => (found ??= find());
}

/**
 * Runs the work under a signal that aborts with an ApiError: when the time is over, and when the
 * caller's signal aborts.
 */
async function withDeadline<Result>(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  work: (deadline: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(timedOut(timeoutMs)), timeoutMs);
  const abort = (): void =>
    deadline.abort(signal?.reason instanceof ApiError ? signal.reason : cancelled(signal?.reason));
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return await work(deadline.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

function timedOut(timeoutMs: number): ApiError {
  const seconds = timeoutMs / 1_000;
  return new ApiError(
    'DEPENDENCY_UNAVAILABLE',
    `The search did not finish within ${seconds} s. Retry it later.`,
    {
      retryAfterSeconds: Math.ceil(seconds),
    },
  );
}

/** Nobody reads it: its client has left. */
function cancelled(cause: unknown): ApiError {
  return new ApiError('DEPENDENCY_UNAVAILABLE', 'The search was cancelled.', {}, { cause });
}

function assertSearch({ first }: Search, query: string): void {
  if (query === '')
    throw new ApiError('BAD_USER_INPUT', 'query is empty: ask for something.', { field: 'query' });
  if (query.length > MAX_QUERY_LENGTH) {
    throw new ApiError('BAD_USER_INPUT', `query has more than ${MAX_QUERY_LENGTH} characters.`, {
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

async function embedQuery(
  { embedder }: Dependencies,
  asked: Asked,
  signal: AbortSignal,
): Promise<Float32Array | null> {
  if (asked.mode === 'KEYWORD') return null;
  const options = { signal, owner: { userId: asked.userId } };
  const [vector] = await unavailable(signal, 'The embedding service', () =>
    embedder.embed([asked.text], 'query', options),
  );
  if (!vector)
    throw new ApiError(
      'DEPENDENCY_UNAVAILABLE',
      'The embedding service gave no answer: try again.',
    );
  return vector;
}

async function unavailable<Result>(
  signal: AbortSignal,
  part: string,
  work: () => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    throw new ApiError(
      'DEPENDENCY_UNAVAILABLE',
      `${part} does not answer: try again.`,
      {},
      { cause: error },
    );
  }
}

type Asked = Omit<VectorQuery, 'limit' | 'vector'>;
type Found = VectorHit & { document: Document };

async function findBest(
  dependencies: Dependencies,
  asked: Asked,
  first: number,
  signal: AbortSignal,
): Promise<Found[]> {
  const { reranker, logger } = dependencies;
  const query = { ...asked, vector: await embedQuery(dependencies, asked, signal) };
  if (!reranker || asked.mode === 'KEYWORD')
    return findAnswering(dependencies, query, first, signal);
  const found = await findAnswering(dependencies, query, Math.max(first, MIN_RERANKED), signal);
  try {
    return (await rerank(reranker, asked.text, found, signal)).slice(0, first);
  } catch (error) {
    signal.throwIfAborted();
    // Found is found: the order is a little worse, and nobody has to ask again.
    logger.warn({ err: error }, 'the hits of a search could not be reranked and keep their order');
    return found.slice(0, first);
  }
}

async function rerank(
  reranker: Reranker,
  query: string,
  found: readonly Found[],
  signal: AbortSignal,
): Promise<Found[]> {
  if (found.length === 0) return [];
  const texts = found.map(({ text }) => text);
  const scores = await reranker.rerank(query, texts, signal);
  return found
    .map((hit, index) => ({ ...hit, score: scores[index] ?? 0 }))
    .sort((one, other) => other.score - one.score);
}

async function findAnswering(
  { store, vectors }: Dependencies,
  asked: Omit<VectorQuery, 'limit'>,
  first: number,
  signal: AbortSignal,
): Promise<Found[]> {
  for (let limit = first * SURPLUS; ; limit *= 4) {
    const hits = await unavailable(signal, 'The vector store', () =>
      vectors.search({ ...asked, limit }, signal),
    );
    signal.throwIfAborted();
    const answering = await dropOthers(store, asked.userId, hits);
    if (answering.length >= first || hits.length < limit || limit >= MAX_ASKED)
      return answering.slice(0, first);
  }
}

/**
 * A hit counts only if its row says so: this user's, of the generation that answers, not deleted.
 */
async function dropOthers(
  store: DocumentStore,
  userId: string,
  hits: readonly VectorHit[],
): Promise<Found[]> {
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

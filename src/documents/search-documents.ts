import { ApiError } from '../errors.js';
import type { Document } from './document.js';
import { isDocumentId } from './delete-document.js';
import { findHighlights, type Highlight } from './highlights.js';
import type { DocumentStore, Embedder, SearchMode, VectorHit, VectorQuery, VectorStore, Viewer, Reranker } from './ports.js';

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
  highlights: Highlight[];
}

export type SearchDocuments = (viewer: Viewer, search: Search) => Promise<SearchHit[]>;

interface Dependencies {
  store: DocumentStore;
  embedder: Embedder;
  vectors: VectorStore;
  /** Puts what was found by meaning into order once more; without it the vector store's order holds. */
  reranker?: Reranker | null;
  log: { warn(fields: object, message: string): void };
}

/** Hits of rows that may not answer are dropped afterwards, so more are asked for than are shown, and more again while some are missing. */
const SURPLUS = 2;
const MAX_ASKED = 5_000;
/** Candidates of a reranker: enough that the best passage is among them, few enough that a person does not wait. */
const MIN_RERANKED = 50;

/** By meaning, by words, or both; only the viewer's own, only what is complete. Throws BAD_USER_INPUT, DEPENDENCY_UNAVAILABLE. */
export function createSearchDocuments(dependencies: Dependencies): SearchDocuments {
  return async (viewer, search) => {
    const query = search.query.replaceAll('\0', ' ').toWellFormed().trim();
    assertSearch(search, query);
    const documentIds = search.documentIds?.filter(isDocumentId);
    if (documentIds?.length === 0) return [];
    const vector = search.mode === 'KEYWORD' ? null : await embedQuery(dependencies.embedder, query);
    const asked = { userId: viewer.id, mode: search.mode, text: query, vector, ...(documentIds && { documentIds }) };
    const hits = await findBest(dependencies, asked, search.first);
    return hits.map((hit) => ({ ...hit, highlights: findHighlights(hit.text, query) }));
  };
}

function assertSearch({ first }: Search, query: string): void {
  if (query === '') throw new ApiError('BAD_USER_INPUT', 'query is empty: ask for something.', { field: 'query' });
  if (query.length > MAX_QUERY_LENGTH) {
    throw new ApiError('BAD_USER_INPUT', `query has more than ${String(MAX_QUERY_LENGTH)} characters.`, {
      field: 'query',
      limit: MAX_QUERY_LENGTH,
    });
  }
  if (first < 1 || first > MAX_SEARCH_HITS) {
    throw new ApiError('BAD_USER_INPUT', `first must be 1 to ${String(MAX_SEARCH_HITS)}.`, { field: 'first', limit: MAX_SEARCH_HITS });
  }
}

async function embedQuery(embedder: Embedder, query: string): Promise<Float32Array> {
  const [vector] = await unavailable(() => embedder.embed([query], 'query'), 'The embedding service');
  if (!vector) throw new ApiError('DEPENDENCY_UNAVAILABLE', 'The embedding service gave no answer: try again.');
  return vector;
}

async function unavailable<Result>(work: () => Promise<Result>, part: string): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw new ApiError('DEPENDENCY_UNAVAILABLE', `${part} does not answer: try again.`, {}, { cause: error });
  }
}

type Found = VectorHit & { document: Document };

async function findBest(dependencies: Dependencies, asked: Omit<VectorQuery, 'limit'>, first: number): Promise<Found[]> {
  const { reranker, log } = dependencies;
  if (!reranker || asked.mode === 'KEYWORD') return findAnswering(dependencies, asked, first);
  const found = await findAnswering(dependencies, asked, Math.max(first, MIN_RERANKED));
  try {
    return (await rerank(reranker, asked.text, found)).slice(0, first);
  } catch (error) {
    // Found is found: the order is a little worse, and nobody has to ask again.
    log.warn({ err: error }, 'the hits of a search could not be reranked and keep their order');
    return found.slice(0, first);
  }
}

async function rerank(reranker: Reranker, query: string, found: readonly Found[]): Promise<Found[]> {
  if (found.length === 0) return [];
  const scores = await reranker.rerank(
    query,
    found.map(({ text }) => text),
  );
  return found.map((hit, index) => ({ ...hit, score: scores[index] ?? 0 })).sort((one, other) => other.score - one.score);
}

async function findAnswering({ store, vectors }: Dependencies, asked: Omit<VectorQuery, 'limit'>, first: number): Promise<Found[]> {
  for (let limit = first * SURPLUS; ; limit *= 4) {
    const hits = await unavailable(() => vectors.search({ ...asked, limit }), 'The vector store');
    const answering = await dropOthers(store, asked.userId, hits);
    if (answering.length >= first || hits.length < limit || limit >= MAX_ASKED) return answering.slice(0, first);
  }
}

/** A hit counts only if its row says so: this user's, of the generation that answers, not deleted. */
async function dropOthers(store: DocumentStore, userId: string, hits: readonly VectorHit[]): Promise<Found[]> {
  const found = await store.findMany([...new Set(hits.map((hit) => hit.documentId))]);
  const documents = new Map(found.map((document) => [document.id, document]));
  return hits.flatMap((hit) => {
    const document = documents.get(hit.documentId);
    return document && document.userId === userId && document.status !== 'DELETING' && document.liveGeneration === hit.generation
      ? [{ ...hit, document }]
      : [];
  });
}

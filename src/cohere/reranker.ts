import type { Reranker } from '../documents/ports.js';
import { createCohereClient } from './client.js';
import { invalidResponse, toFailure } from './failures.js';
import { callWithin } from './limited-call.js';

interface Options {
  apiKey: string;
  /** Default: the address of Cohere. */
  baseUrl?: string | null;
  model: string;
  /** Limit of one call, for which a person waits. */
  timeoutMs?: number;
}

const TIMEOUT_MS = 3_000;

/** Returns Cohere's rerank. A failed call is not repeated: the search returns its hits unranked. */
export function createCohereReranker({
  model,
  timeoutMs = TIMEOUT_MS,
  ...access
}: Options): Reranker {
  const client = createCohereClient(access);
  return {
    rerank: async (query, texts, signal) => {
      const request = { model, query, documents: texts.map((text) => text.toWellFormed()) };
      try {
        return toScores(
          await callWithin({ timeoutMs, signal }, (options) => client.rerank(request, options)),
          texts.length,
        );
      } catch (error) {
        throw toFailure(error);
      }
    },
  };
}

/** The response starts with the best text, and names each text by its index. */
function toScores(response: unknown, count: number): number[] {
  const { results } = (response ?? {}) as { results?: unknown };
  if (!Array.isArray(results)) throw invalidResponse('it has no results');
  const scores = new Map(results.map(toEntry));
  return Array.from({ length: count }, (_, index) => {
    const score = scores.get(index);
    if (score === undefined) throw invalidResponse('a text has no relevance score');
    return score;
  });
}

function toEntry(result: unknown): [number, number] {
  const { index, relevanceScore } = (result ?? {}) as { index?: unknown; relevanceScore?: unknown };
  if (
    typeof index !== 'number' ||
    typeof relevanceScore !== 'number' ||
    !(relevanceScore >= 0 && relevanceScore <= 1)
  ) {
    throw invalidResponse('a relevance score is not between 0 and 1');
  }
  return [index, relevanceScore];
}

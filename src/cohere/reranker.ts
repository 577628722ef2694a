import type { Reranker } from '../documents/ports.js';
import { createCohereClient } from './client.js';
import { badAnswer, toFailure } from './failures.js';
import { withTimeout } from './timeout.js';

interface Options {
  apiKey: string;
  /** Left out: Cohere's own. */
  baseUrl?: string | null;
  model: string;
  /** Of one call: a person waits for it. */
  timeoutMs?: number;
}

const TIMEOUT_MS = 3_000;

/**
 * Cohere's rerank. One try: a search whose hits could not be put into order once more still has its
 * hits.
 */
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
          await withTimeout({ timeoutMs, signal }, (options) => client.rerank(request, options)),
          texts.length,
        );
      } catch (error) {
        throw toFailure(error);
      }
    },
  };
}

/**
 * The answer is best first and names each text by its place; one score for each, or it is no
 * answer.
 */
function toScores(answer: unknown, count: number): number[] {
  const { results } = (answer ?? {}) as { results?: unknown };
  if (!Array.isArray(results)) throw badAnswer('it holds no results');
  const scores = new Map(results.map(toEntry));
  return Array.from({ length: count }, (_, index) => {
    const score = scores.get(index);
    if (score === undefined) throw badAnswer('a text has no relevance');
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
    throw badAnswer('a relevance that is none');
  }
  return [index, relevanceScore];
}

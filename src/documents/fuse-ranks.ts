import type { VectorHit } from './ports.js';

/**
 * Reduces the weight of the first ranks, so that no list decides alone. Source: Cormack, Clarke and
 * Büttcher, SIGIR 2009.
 */
const RANK_CONSTANT = 60;

/**
 * Merges ranked lists by reciprocal rank fusion, best hit first: a hit scores the sum of 1 / (60 +
 * rank) over the lists. So the scores of the lists, such as a cosine and a word rank, need not be
 * comparable. Scores are divided by the highest possible one: a hit that is first in every list has
 * 1.
 */
export function fuseRanks(lists: readonly (readonly VectorHit[])[]): VectorHit[] {
  const highest = lists.length / (RANK_CONSTANT + 1);
  const fused = new Map<string, VectorHit>();
  for (const list of lists) {
    list.forEach((hit, index) => {
      const key = `${hit.documentId}:${hit.generation}:${hit.index}`;
      const score = (fused.get(key)?.score ?? 0) + 1 / (RANK_CONSTANT + index + 1) / highest;
      fused.set(key, { ...hit, score: Math.min(1, score) });
    });
  }
  return [...fused.values()].sort((a, b) => b.score - a.score);
}

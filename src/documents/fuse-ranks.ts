import type { VectorHit } from './ports.js';

/**
 * Dampens the first ranks, so that one list alone does not decide. Source: Cormack, Clarke and
 * Büttcher, SIGIR 2009.
 */
const RANK_CONSTANT = 60;

/**
 * Reciprocal rank fusion: each list gives a hit 1 / (60 + rank), the sums decide. Scales that
 * cannot be compared, such as a cosine and a word rank, need not be. Scores are divided by the best
 * that was possible: 1 is first in every list.
 */
export function fuseRanks(lists: readonly (readonly VectorHit[])[]): VectorHit[] {
  const best = lists.length / (RANK_CONSTANT + 1);
  const fused = new Map<string, VectorHit>();
  for (const list of lists) {
    list.forEach((hit, position) => {
      const key = `${hit.documentId}:${hit.generation}:${hit.index}`;
      const score = (fused.get(key)?.score ?? 0) + 1 / (RANK_CONSTANT + position + 1) / best;
      fused.set(key, { ...hit, score: Math.min(1, score) });
    });
  }
  return [...fused.values()].sort((a, b) => b.score - a.score);
}

import { fuseRanks } from '../../src/documents/fuse-ranks.js';
import type { VectorHit } from '../../src/documents/ports.js';

const hit = (documentId: string, score = 0.5): VectorHit => ({
  documentId,
  generation: 1,
  index: 0,
  text: documentId,
  page: null,
  charStart: 0,
  charEnd: 1,
  score,
});
const list = (...ids: string[]) => ids.map((id) => hit(id));
const idsOf = (hits: readonly VectorHit[]) => hits.map(({ documentId }) => documentId);

describe('fusing lists by rank', () => {
  it('ranks hits of both lists before hits of one list', () => {
    expect(idsOf(fuseRanks([list('a', 'both'), list('b', 'both')]))[0]).toBe('both');
  });

  it('gives a hit that is first in every list the score 1', () => {
    const [first] = fuseRanks([list('a', 'b'), list('a', 'c')]);
    expect(first).toMatchObject({ documentId: 'a', score: 1 });
  });

  it('gives scores from 0 to 1, highest first', () => {
    const scores = fuseRanks([list('a', 'b', 'c'), list('c', 'd')]).map(({ score }) => score);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    for (const score of scores) expect(score > 0 && score <= 1).toBe(true);
  });

  it('ignores the scores of a list and uses its ranks', () => {
    const weak = [hit('a', 0.0001), hit('b', 0.00001)];
    expect(fuseRanks([weak, list('c')])).toEqual(
      fuseRanks([[hit('a', 0.9), hit('b', 0.8)], list('c')]),
    );
  });

  it('returns each passage once', () => {
    const hits = fuseRanks([
      [hit('a'), { ...hit('a'), index: 1 }, { ...hit('a'), generation: 2 }],
      list('a'),
    ]);
    expect(hits).toHaveLength(3);
  });

  it('keeps the order of the only list that has hits', () => {
    expect(idsOf(fuseRanks([list('a', 'b', 'c'), []]))).toEqual(['a', 'b', 'c']);
    expect(fuseRanks([[], []])).toEqual([]);
  });
});

import { findHighlights } from '../../src/documents/highlights.js';

function found(text: string, query: string): string[] {
  return findHighlights(text, query).map(({ start, end }) => text.slice(start, end));
}

describe('highlights', () => {
  it.each([
    ['The tide turns. TIDES turn.', 'tide', ['tide', 'TIDES']],
    ['Stored once, storing again.', 'storing', ['Stored', 'storing']],
    ['Crème brûlée', 'creme BRULEE', ['Crème', 'brûlée']],
    ['Die Straße', 'straße', ['Straße']],
    ['Версия вторая', 'версия', ['Версия']],
    ['In 1969 and 1970', '1969', ['1969']],
    ['a-b_c', 'c', ['c']],
  ])('of %j for %j are the words asked for, in any case and with another ending', (text, query, words) => {
    expect(found(text, query)).toEqual(words);
  });

  it('are not of a word that only begins alike', () => {
    expect(found('artichoke artist', 'art')).toEqual([]);
  });

  it('are not of words that every text is full of', () => {
    expect(found('the cat is on the mat', 'what is the mat')).toEqual(['mat']);
    expect(found('the cat', 'what is the')).toEqual([]);
  });

  it('come first to last, without overlaps, inside the text', () => {
    const text = 'knot 😀 knots and KNOT';
    const highlights = findHighlights(text, 'knot knots');
    expect(highlights.map(({ start, end }) => text.slice(start, end))).toEqual(['knot', 'knots', 'KNOT']);
    for (const [index, { start }] of highlights.entries()) expect(start).toBeGreaterThanOrEqual(highlights[index - 1]?.end ?? 0);
  });

  it.each(['', '?!', '   '])('of the query %j are none', (query) => {
    expect(findHighlights('some text', query)).toEqual([]);
  });

  it('take the signs of a pattern for signs', () => {
    expect(found('a.*b (c) [d]', '.* ( [')).toEqual([]);
  });
});

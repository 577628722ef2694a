import fc from 'fast-check';
import { stemmer } from 'stemmer';
import {
  createHighlighter,
  MAX_HIGHLIGHTS,
  maxHighlights,
} from '../../src/documents/highlights.js';
import { MAX_SEARCH_WORDS } from '../../src/documents/words.js';

function found(text: string, query: string): string[] {
  return createHighlighter(query, stemmer)(text).map(({ start, end }) => text.slice(start, end));
}

describe('highlights', () => {
  it.each([
    ['The tide turns. TIDES turn.', 'tide', ['tide', 'TIDES']],
    ['Stored once, storing again.', 'storing', ['Stored', 'storing']],
    ['Crème brûlée', 'creme BRULEE', ['Crème', 'brûlée']],
    ['Zwei Crèmes', 'crème', ['Crèmes']],
    ['Volcanoes erupted', 'a volcano erupts', ['Volcanoes', 'erupted']],
    ['Ponies and a pony', 'ponies', ['Ponies', 'pony']],
    ['exactly one status', 'exact statuses', ['exactly', 'status']],
    ['happiness', 'happy', ['happiness']],
    ['the ﬁnal word', 'FINAL', ['ﬁnal']],
    ['Die Straße', 'straße', ['Straße']],
    ['Версия вторая', 'версия', ['Версия']],
    ['In 1969 and 1970', '1969', ['1969']],
    ['a-b_c', 'c', ['c']],
  ])(
    'in %j for %j are the words of the query, in any case and with another ending',
    (text, query, words) => {
      expect(found(text, query)).toEqual(words);
    },
  );

  it('exclude a word that only begins the same', () => {
    expect(found('artichoke artist', 'art')).toEqual([]);
  });

  it('exclude stop words', () => {
    expect(found('the cat is on the mat', 'what is the mat')).toEqual(['mat']);
    expect(found('the cat', 'what is the')).toEqual([]);
  });

  it('are in the order of the text, inside it and without overlaps', () => {
    const text = 'knot 😀 knots and KNOT';
    const highlights = createHighlighter('knot knots', stemmer)(text);
    expect(highlights.map(({ start, end }) => text.slice(start, end))).toEqual([
      'knot',
      'knots',
      'KNOT',
    ]);
    for (const [index, { start }] of highlights.entries())
      expect(start).toBeGreaterThanOrEqual(highlights[index - 1]?.end ?? 0);
  });

  it.each(['', '?!', '   '])('are empty for the query %j', (query) => {
    expect(createHighlighter(query, stemmer)('some text')).toEqual([]);
  });

  it('ignore the special characters of patterns', () => {
    expect(found('a.*b (c) [d]', '.* ( [')).toEqual([]);
  });

  it('are the first distinct words of a query, however often a word occurs in it', () => {
    const words = Array.from(
      { length: MAX_SEARCH_WORDS + 1 },
      (_, index) => `word${String.fromCharCode(97 + (index % 26))}${index}xyz`,
    );
    const query = words.map((word) => `${word} ${word}`).join(' ');
    expect(found(words.join(' '), query)).toEqual(words.slice(0, MAX_SEARCH_WORDS));
  });

  it('end at the limit of a passage', () => {
    expect(createHighlighter('b', stemmer)('b '.repeat(450))).toHaveLength(MAX_HIGHLIGHTS);
    expect(createHighlighter('b', stemmer)('b '.repeat(450), maxHighlights(100))).toHaveLength(30);
    expect(maxHighlights(10)).toBe(MAX_HIGHLIGHTS);
  });

  it('agree with a comparison of each word with each', () => {
    const unit = fc.constantFrom('x', 'y', 'ý', 'e', 'd', 's');
    const letters = fc.string({ unit, minLength: 2, maxLength: 9 });
    fc.assert(
      fc.property(
        fc.array(letters, { maxLength: 8 }),
        fc.array(letters, { maxLength: 20 }),
        (query, text) => {
          const expected = text.filter((word) => query.some((one) => isSameWord(one, word)));
          expect(found(text.join(' '), query.join(' '))).toEqual(expected);
        },
      ),
    );
  });

  it.each([
    ['different words', Array.from({ length: 1_000 }, (_, index) => `w${index}`).join(' ')],
    [
      'words of one beginning',
      Array.from({ length: 200 }, (_, index) => `${'a'.repeat(5 + (index % 60))}`).join(' '),
    ],
    ['one long word', 'a'.repeat(2_000)],
    ['letters that fold to many', '\ufdfa'.repeat(2_000)],
    ['marks', 'a\u0301'.repeat(1_000)],
  ])('take bounded time for a query of %s', (_, query) => {
    const texts = [
      query.slice(0, 900),
      'b '.repeat(450),
      'a'.repeat(900),
      '\ufdfa'.repeat(900),
      query.slice(-900),
    ];
    const highlight = createHighlighter(query.slice(0, 2_000), stemmer);
    const startedAt = performance.now();
    for (let passage = 0; passage < 100; passage += 1)
      highlight(texts[passage % texts.length] ?? '');
    // A comparison of each pair of words took 7 s.
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});

/** Applies the rule without any optimisation. */
function isSameWord(one: string, other: string): boolean {
  const stemsOf = (word: string) => [stemmer(word), stemmer(word.replaceAll('ý', 'y'))];
  return stemsOf(one).some((stem) => stemsOf(other).includes(stem)) || isSameButEnding(one, other);
}

/** Returns whether two words differ at most in a short ending and in accents. */
function isSameButEnding(one: string, other: string): boolean {
  const [a, b] = [one, other].map((word) => word.replaceAll('ý', 'y')) as [string, string];
  if (a === b) return true;
  let shared = 0;
  while (shared < a.length && a[shared] === b[shared]) shared += 1;
  return shared >= 4 && a.length - shared <= 3 && b.length - shared <= 3;
}

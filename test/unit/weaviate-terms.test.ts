import { MAX_SEARCH_WORDS } from '../../src/documents/words.js';
import { toQueryTerms, toTerms } from '../../src/weaviate/terms.js';

describe('toQueryTerms', () => {
  it('returns the first distinct stems, without stop words', () => {
    expect(toQueryTerms('the Erupting volcano, erupts and erupted')).toBe('erupt volcano');
    const words = Array.from({ length: 100 }, (_, index) => `w${index}`);
    expect(toQueryTerms([...words, ...words].join(' ')).split(' ')).toEqual(
      words.slice(0, MAX_SEARCH_WORDS),
    );
  });

  it('returns only terms that toTerms returns for the same text', () => {
    const text = 'Volcanoes erupt where magma rises; a-b-c, x@y.org and 1.5 ﬁnal words.';
    const stored = new Set(toTerms(text).split(' '));
    expect(
      toQueryTerms(text)
        .split(' ')
        .filter((term) => !stored.has(term)),
    ).toEqual([]);
  });
});

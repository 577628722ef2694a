/**
 * The words of texts and queries: one tokeniser, one list of stop words and one stemmer (which the
 * caller passes) for highlights and for the terms in Weaviate. They follow the configuration
 * `english` of PostgreSQL's text search, so that a word that finds a passage is highlighted in it.
 *
 * PostgreSQL uses a later version of Porter's stemmer, which differs in a few words. Highlights
 * also ignore short endings and thereby cover most of these words, but not `lie` and `lies`.
 */

/** Returns the part that the forms of a word have in common: `erupt` for `erupting`. */
export type Stem = (word: string) => string;

/** A word and where it is in its text. */
export interface Word {
  /** The word in lower case and compatibility form (NFKC). A ligature may be several terms. */
  terms: readonly string[];
  /** UTF-16 code units from the start of the text; `end` is exclusive. */
  start: number;
  end: number;
}

/** Maximum number of distinct words of a query that a search uses; further ones are ignored. */
export const MAX_SEARCH_WORDS = 32;

const WORD = /[\p{L}\p{M}\p{N}]+/gu;

/**
 * Source: the English stop words of PostgreSQL's text search, without those that the pattern above
 * cannot match.
 */
const STOP_WORDS = new Set(
  (
    'i me my myself we our ours ourselves you your yours yourself yourselves he him his ' +
    'himself she her hers herself it its itself they them their theirs themselves what which ' +
    'who whom this that these those am is are was were be been being have has had having do ' +
    'does did doing a an the and but if or because as until while of at by for with about ' +
    'against between into through during before after above below to from up down in out on ' +
    'off over under again further then once here there when where why how all any both each ' +
    'few more most other some such no nor not only own same so than too very s t can will ' +
    'just don should now'
  ).split(' '),
);

/** Yields the words of a text in their order. The terms of a word include no stop words. */
export function* wordsOf(text: string): Generator<Word> {
  for (const { 0: word, index } of text.matchAll(WORD)) {
    const normalised = word.normalize('NFKC').toLowerCase();
    const terms = (normalised.match(WORD) ?? []).filter((term) => !STOP_WORDS.has(term));
    yield { terms, start: index, end: index + word.length };
  }
}

/** Returns the first MAX_SEARCH_WORDS terms of a query whose stems are distinct. */
export function distinctTerms(query: string, stem: Stem): string[] {
  const terms = new Map<string, string>();
  for (const word of wordsOf(query)) {
    for (const term of word.terms) {
      const key = stem(term);
      if (!terms.has(key)) terms.set(key, term);
      if (terms.size === MAX_SEARCH_WORDS) return [...terms.values()];
    }
  }
  return [...terms.values()];
}

/** Finds the words of a query in a text. The cost is linear in the text, for every query. */
import { distinctTerms, wordsOf, type Stem } from './words.js';

export interface Highlight {
  /** UTF-16 code units from the start of the text; `end` is exclusive. */
  start: number;
  end: number;
}

export type FindHighlights = (text: string, limit?: number) => Highlight[];

/** Maximum number of highlights in one passage. */
export const MAX_HIGHLIGHTS = 200;
/** Maximum number of highlights in all passages of one search. */
const MAX_HIGHLIGHTS_OF_SEARCH = 3_000;

/** Endings up to this length are ignored: `storing` finds `stored`. */
const MAX_ENDING = 3;
/** Without it, `art` would find `artichoke`. */
const MIN_BEGINNING = 4;

/**
 * Returns a function that finds the words of `query` in a text, in the order of the text. A word is
 * found in any case, with or without accents, with the same stem, or with another short ending. The
 * words are those of keyword search, so that a hit that was found by a word shows that word.
 */
export function createHighlighter(query: string, stem: Stem): FindHighlights {
  const terms = distinctTerms(query, stem);
  const stems = new Set(terms.flatMap((term) => stemsOf(term, stem)));
  const beginnings = new Set(terms.flatMap(beginningsOf));
  const isFound = (term: string): boolean =>
    stemsOf(term, stem).some((key) => stems.has(key)) ||
    beginningsOf(term).some((key) => beginnings.has(key));
  return (text, limit = MAX_HIGHLIGHTS) => {
    const highlights: Highlight[] = [];
    if (terms.length === 0) return highlights;
    for (const word of wordsOf(text)) {
      if (!word.terms.some(isFound)) continue;
      highlights.push({ start: word.start, end: word.end });
      if (highlights.length === limit) break;
    }
    return highlights;
  };
}

/** Returns the maximum number of highlights in each of `passages` passages of a search. */
export function maxHighlights(passages: number): number {
  return Math.min(MAX_HIGHLIGHTS, Math.ceil(MAX_HIGHLIGHTS_OF_SEARCH / passages));
}

/** Returns the stem of a term, with and without its accents. */
function stemsOf(term: string, stem: Stem): string[] {
  const plain = withoutAccents(term);
  return plain === term ? [stem(term)] : [stem(term), stem(plain)];
}

/**
 * Returns a term without accents, and its beginnings without an ending. Two terms with a common
 * beginning count as the same word, so that each word of a text costs a few look-ups instead of a
 * comparison with each word of the query.
 */
function beginningsOf(term: string): string[] {
  const plain = withoutAccents(term);
  const beginnings = [plain];
  const shortest = Math.max(MIN_BEGINNING, plain.length - MAX_ENDING);
  for (let length = plain.length - 1; length >= shortest; length -= 1)
    beginnings.push(plain.slice(0, length));
  return beginnings;
}

function withoutAccents(term: string): string {
  return term.normalize('NFKD').replace(/\p{M}/gu, '');
}

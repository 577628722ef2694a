/** Finds the words of a query in a text. The cost is linear in the text, for every query. */

export interface Highlight {
  /** UTF-16 code units from the start of the text; `end` is exclusive. */
  start: number;
  end: number;
}

export type FindHighlights = (text: string, limit?: number) => Highlight[];

/** Maximum number of distinct words of a query that a search uses; further ones are ignored. */
export const MAX_SEARCH_WORDS = 32;
/** Maximum number of highlights in one passage. */
export const MAX_HIGHLIGHTS = 200;
/** Maximum number of highlights in all passages of one search. */
const MAX_HIGHLIGHTS_OF_SEARCH = 3_000;

const WORD = /[\p{L}\p{N}]+/gu;
/**
 * Shorter ends than this are grammar, not meaning: `storing` finds `stored`, but `art` does not
 * find `artichoke`.
 */
const LONGEST_ENDING = 3;
const SHORTEST_STEM = 4;

/** Words that every text is full of say nothing about a hit. */
const STOP_WORDS = new Set(
  'a an and are as at be by for from has have how i in is it its of on or that the their there this to was were what when where which who why will with you your do does did can'.split(
    ' ',
  ),
);

/**
 * Returns what finds the words of `query` in a text, in any case and with another ending, first to
 * last, without overlaps.
 */
export function createHighlighter(query: string): FindHighlights {
  const stems = new Set([...distinctWords(query)].flatMap(stemsOf));
  return (text, limit = MAX_HIGHLIGHTS) => {
    const highlights: Highlight[] = [];
    if (stems.size === 0) return highlights;
    for (const { 0: word, index } of text.matchAll(WORD)) {
      if (!stemsOf(fold(word)).some((stem) => stems.has(stem))) continue;
      highlights.push({ start: index, end: index + word.length });
      if (highlights.length === limit) break;
    }
    return highlights;
  };
}

/** Returns the maximum number of highlights in each of `passages` passages of a search. */
export function maxHighlights(passages: number): number {
  return Math.min(MAX_HIGHLIGHTS, Math.ceil(MAX_HIGHLIGHTS_OF_SEARCH / passages));
}

function distinctWords(query: string): Set<string> {
  const words = new Set<string>();
  for (const [match] of query.matchAll(WORD)) {
    const word = fold(match);
    if (!STOP_WORDS.has(word)) words.add(word);
    if (words.size === MAX_SEARCH_WORDS) break;
  }
  return words;
}

/**
 * The word, and its beginnings that leave out an ending. Two words are the same if they have one of
 * these in common, so each word of a text costs a few look-ups instead of a comparison with each
 * word of the query.
 */
function stemsOf(word: string): string[] {
  const stems = [word];
  const shortest = Math.max(SHORTEST_STEM, word.length - LONGEST_ENDING);
  for (let length = word.length - 1; length >= shortest; length -= 1)
    stems.push(word.slice(0, length));
  return stems;
}

function fold(word: string): string {
  return word.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

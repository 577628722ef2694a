/** Where the words asked for stand in a text. */

export interface Highlight {
  /** UTF-16 code units from the start of the text; `end` is exclusive. */
  start: number;
  end: number;
}

const WORD = /[\p{L}\p{N}]+/gu;
/** Shorter ends than this are grammar, not meaning: `storing` finds `stored`, but `art` does not find `artichoke`. */
const LONGEST_ENDING = 3;
const SHORTEST_STEM = 4;

/** Words that every text is full of say nothing about a hit. */
const STOP_WORDS = new Set(
  'a an and are as at be by for from has have how i in is it its of on or that the their there this to was were what when where which who why will with you your do does did can'.split(
    ' ',
  ),
);

/** Words of `text` that are those of `query` in any case and with another ending, first to last, without overlaps. */
export function findHighlights(text: string, query: string): Highlight[] {
  const asked = [...query.matchAll(WORD)].map((match) => fold(match[0])).filter((word) => !STOP_WORDS.has(word));
  if (asked.length === 0) return [];
  return [...text.matchAll(WORD)]
    .filter((match) => asked.some((word) => isSameWord(word, fold(match[0]))))
    .map((match) => ({ start: match.index, end: match.index + match[0].length }));
}

function fold(word: string): string {
  return word.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

function isSameWord(a: string, b: string): boolean {
  if (a === b) return true;
  const shared = sharedLength(a, b);
  return shared >= SHORTEST_STEM && a.length - shared <= LONGEST_ENDING && b.length - shared <= LONGEST_ENDING;
}

function sharedLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}

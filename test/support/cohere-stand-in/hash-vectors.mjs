/**
 * Texts to vectors without a model: a bag of words, hashed. Texts that share words are near, the
 * same text always gives the same vector, and a text takes microseconds.
 */
const WORD = /[\p{L}\p{N}]+/gu;
/** Words this short are mostly such that every text has. */
const SHORT_WORD = 3;
const SHORT_WORD_WEIGHT = 0.2;
/** Keeps an answer of 96 vectors small; the length of a vector then errs by less than 1e-5. */
const DECIMALS = 1e6;

export function toVector(text, dimensions) {
  const sums = new Float64Array(dimensions);
  for (const word of text.toLowerCase().match(WORD) ?? []) {
    const hash = fnv1a(word);
    sums[hash % dimensions] +=
      (hash & 0x40000000 ? -1 : 1) * (word.length <= SHORT_WORD ? SHORT_WORD_WEIGHT : 1);
  }
  const length = Math.sqrt(sums.reduce((total, sum) => total + sum * sum, 0));
  if (length === 0) sums[0] = 1;
  return Array.from(sums, (sum) => Math.round((sum / (length || 1)) * DECIMALS) / DECIMALS);
}

/** Of vectors of length 1. */
export function cosine(a, b) {
  return a.reduce((sum, value, index) => sum + value * b[index], 0);
}

/** http://www.isthe.com/chongo/tech/comp/fnv/ */
function fnv1a(word) {
  let hash = 0x811c9dc5;
  for (let index = 0; index < word.length; index++)
    hash = Math.imul(hash ^ word.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

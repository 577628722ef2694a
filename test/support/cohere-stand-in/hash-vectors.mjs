/**
 * Vectors without a model: a hashed bag of words. Texts that share words have near vectors, a text
 * always has the same vector, and a vector takes microseconds.
 */
const WORD = /[\p{L}\p{N}]+/gu;
/** Most words of this length occur in every text. */
const SHORT_WORD = 3;
const SHORT_WORD_WEIGHT = 0.2;
/** Keeps a response of 96 vectors small; the length of a vector is then off by less than 1e-5. */
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

/** Returns the cosine of vectors of length 1. */
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

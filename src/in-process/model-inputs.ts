/** Tokens that the model reads; what comes after them it ignores. */
export const MODEL_TOKENS = 128;

/**
 * Longer texts are truncated; the beginning represents them. UTF-16 code units, also after
 * normalisation, which can make 18 of one.
 */
const MAX_LENGTH = 16_000;
/**
 * Windows that are read of a text at most; the first ones represent it. A passage of 900 characters
 * has about 9, unless normalisation lengthens it. A query costs the same whatever its characters
 * are.
 */
export const MAX_WINDOWS = { document: 12, query: 3 };
/**
 * Parts of equal length in characters are not of equal length in tokens: this much room is left for
 * that.
 */
const FILLED = 0.85;

/**
 * Cuts a text into parts that the model reads to their end, of about equal length, between words
 * where there are any. A text that the model reads as a whole is one part; parts beyond the limit
 * are left out. The text is normalised first, as the model's tokeniser does: the tokeniser takes
 * time by the square of the normalised length.
 */
export function toWindows(
  text: string,
  countTokens: (text: string) => number,
  maxWindows = MAX_WINDOWS.document,
): string[] {
  const kept = text.slice(0, MAX_LENGTH).normalize('NFKC').slice(0, MAX_LENGTH).toWellFormed();
  const tokens = countTokens(kept);
  if (tokens <= MODEL_TOKENS) return [kept];
  const windows = Math.ceil(tokens / (MODEL_TOKENS * FILLED));
  return cutEvenly(kept, Math.ceil(kept.length / windows)).slice(0, maxWindows);
}

function cutEvenly(text: string, length: number): string[] {
  const parts: string[] = [];
  for (let start = 0; start < text.length;) {
    const end =
      start + length >= text.length ? text.length : endOfWord(text, start, start + length);
    parts.push(text.slice(start, end).trim());
    start = end;
  }
  return parts.filter((part) => part !== '');
}

/**
 * The last white space in the second half of a part, else where its length ends, but never inside a
 * surrogate pair.
 */
function endOfWord(text: string, start: number, end: number): number {
  const space = text.lastIndexOf(' ', end);
  if (space > (start + end) / 2) return space + 1;
  const isPair = /^[\ud800-\udbff][\udc00-\udfff]/.test(text.slice(end - 1, end + 1));
  return isPair ? end + 1 : end;
}

/** The mean of the vectors, of length 1 (L2 norm). A vector of zeros stays one. */
export function toUnitMean(vectors: readonly (readonly number[])[]): Float32Array {
  const sum = new Float32Array(vectors[0]?.length ?? 0);
  for (const vector of vectors)
    vector.forEach((value, index) => (sum[index] = (sum[index] ?? 0) + value));
  const norm = Math.hypot(...sum);
  return norm === 0 ? sum : sum.map((value) => value / norm);
}

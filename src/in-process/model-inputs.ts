import { splitsCharacter } from '../documents/text-cut.js';

/** Tokens that the model reads of one input; it ignores the rest. */
export const MAX_INPUT_TOKENS = 128;

/**
 * Longer texts are truncated; the beginning represents them. UTF-16 code units, before and after
 * normalisation, which can turn one unit into 18.
 */
const MAX_TEXT_LENGTH = 16_000;
/**
 * Inputs that represent a text, from its beginning. A passage of 900 characters has about 9 inputs,
 * unless normalisation lengthens it. The limit of a query keeps its cost independent of its
 * characters.
 */
export const MAX_INPUTS = { document: 12, query: 3 };
/** Share of MAX_INPUT_TOKENS to fill: inputs of equal length differ in tokens. */
const FILL_RATIO = 0.85;

/**
 * Cuts a text into inputs that the model reads to their end, of about equal length, between words
 * if possible. A text that the model reads as a whole is one input; inputs beyond the limit are
 * dropped. The text is normalised first, as the model's tokeniser does, because the tokeniser takes
 * time by the square of the normalised length.
 */
export function toModelInputs(
  text: string,
  countTokens: (text: string) => number,
  maxInputs = MAX_INPUTS.document,
): string[] {
  const normalised = text
    .slice(0, MAX_TEXT_LENGTH)
    .normalize('NFKC')
    .slice(0, MAX_TEXT_LENGTH)
    .toWellFormed();
  const tokens = countTokens(normalised);
  if (tokens <= MAX_INPUT_TOKENS) return [normalised];
  const inputs = Math.ceil(tokens / (MAX_INPUT_TOKENS * FILL_RATIO));
  return cutEvenly(normalised, Math.ceil(normalised.length / inputs)).slice(0, maxInputs);
}

function cutEvenly(text: string, length: number): string[] {
  const inputs: string[] = [];
  for (let start = 0; start < text.length;) {
    const end =
      start + length >= text.length ? text.length : endOfWord(text, start, start + length);
    inputs.push(text.slice(start, end).trim());
    start = end;
  }
  return inputs.filter((input) => input !== '');
}

/**
 * Returns where an input ends: after the last space of its second half, or at its full length, but
 * never inside a surrogate pair.
 */
function endOfWord(text: string, start: number, end: number): number {
  const space = text.lastIndexOf(' ', end);
  if (space > (start + end) / 2) return space + 1;
  return splitsCharacter(text, end) ? end + 1 : end;
}

/** Returns the mean of the vectors, scaled to length 1 (L2 norm). A mean of zeros stays zeros. */
export function toUnitMean(vectors: readonly (readonly number[])[]): Float32Array {
  const sum = new Float32Array(vectors[0]?.length ?? 0);
  for (const vector of vectors)
    vector.forEach((value, index) => (sum[index] = (sum[index] ?? 0) + value));
  const norm = Math.hypot(...sum);
  return norm === 0 ? sum : sum.map((value) => value / norm);
}

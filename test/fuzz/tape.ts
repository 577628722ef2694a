/**
 * Generated texts are a function of a tape of numbers: each decision reads the next one. A shorter
 * tape makes a smaller text, and a tape that has run out always decides for the first alternative,
 * so that every generation ends.
 */
import fc, { type Arbitrary } from 'fast-check';

export interface Tape {
  /** One of these. */
  pick<T>(alternatives: readonly [T, ...T[]]): T;
  /** True once in `times`, never at the end of the tape. */
  once(times: number): boolean;
  /** 0 to `limit` - 1, 0 at the end of the tape. */
  below(limit: number): number;
}

const HIGHEST = 0xffff;

export function tapes(length: number): Arbitrary<number[]> {
  return fc.array(fc.nat(HIGHEST), { maxLength: length, size: 'max' });
}

export function readTape(numbers: readonly number[]): Tape {
  let at = 0;
  const next = () => numbers[at++] ?? 0;
  const below = (limit: number) => next() % Math.max(1, limit);
  return {
    below,
    pick: <T>(alternatives: readonly [T, ...T[]]): T =>
      alternatives[below(alternatives.length)] ?? alternatives[0],
    once: (times) => below(times) === times - 1,
  };
}

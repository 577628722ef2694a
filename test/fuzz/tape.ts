/**
 * A tape of numbers determines a generated text: each decision reads the next number. A shorter
 * tape makes a smaller text. At the end of the tape every decision selects the first alternative,
 * so that every generation ends.
 */
import fc, { type Arbitrary } from 'fast-check';

export interface Tape {
  /** Returns one of the alternatives. */
  pick<T>(alternatives: readonly [T, ...T[]]): T;
  /** Returns true once in `times` calls, and false at the end of the tape. */
  once(times: number): boolean;
  /** Returns 0 to `limit` - 1, and 0 at the end of the tape. */
  below(limit: number): number;
}

const MAX_NUMBER = 0xffff;

export function tapes(length: number): Arbitrary<number[]> {
  return fc.array(fc.nat(MAX_NUMBER), { maxLength: length, size: 'max' });
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

/**
 * Damage to bytes, described so that a person can read a counterexample. Positions are shares of
 * the length, so that they fit any file.
 */
import fc, { type Arbitrary } from 'fast-check';

export type Mutation =
  | { kind: 'flip'; at: number; mask: number }
  | { kind: 'delete'; at: number; share: number }
  | { kind: 'truncate'; at: number }
  | { kind: 'copy'; from: number; share: number; to: number }
  | { kind: 'insert'; at: number; token: string; times: number };

const MAX_BYTES = 2_000_000;
const MAX_TIMES = 3_000;
const position = fc.nat(9_999).map((tenThousandth) => tenThousandth / 10_000);
const smallShare = fc.nat(400).map((tenThousandth) => tenThousandth / 10_000);

/** Generates mostly no mutations, so that most cases pass the first check of the service. */
export function occasionalMutations(tokens: readonly string[]): Arbitrary<Mutation[]> {
  const none: Arbitrary<Mutation[]> = fc.constant([]);
  return fc.oneof({ weight: 3, arbitrary: none }, { weight: 1, arbitrary: mutations(tokens) });
}

/** Generates mutations. Insertions repeat one of `tokens`, which have a meaning in the format. */
export function mutations(tokens: readonly string[]): Arbitrary<Mutation[]> {
  const times = fc.oneof(
    { weight: 4, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.nat(MAX_TIMES) },
  );
  return fc.array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('flip' as const),
          at: position,
          mask: fc.integer({ min: 1, max: 255 }),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('delete' as const),
          at: position,
          share: smallShare,
        }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('truncate' as const), at: position }) },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('copy' as const),
          from: position,
          share: smallShare,
          to: position,
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant('insert' as const),
          at: position,
          token: fc.constantFrom(...tokens),
          times,
        }),
      },
    ),
    { minLength: 1, maxLength: 6 },
  );
}

export function mutate(content: Buffer, mutationsInOrder: readonly Mutation[]): Buffer {
  return mutationsInOrder.reduce(mutateOnce, content).subarray(0, MAX_BYTES);
}

function mutateOnce(content: Buffer, mutation: Mutation): Buffer {
  const index = (share: number) => Math.floor(share * content.length);
  switch (mutation.kind) {
    case 'flip':
      return flipBits(content, index(mutation.at), mutation.mask);
    case 'delete':
      return Buffer.concat([
        content.subarray(0, index(mutation.at)),
        content.subarray(index(mutation.at + mutation.share) + 1),
      ]);
    case 'truncate':
      return content.subarray(0, index(mutation.at));
    case 'copy':
      return insertBytes(
        content,
        index(mutation.to),
        content.subarray(index(mutation.from), index(mutation.from + mutation.share)),
      );
    case 'insert':
      return insertBytes(
        content,
        index(mutation.at),
        Buffer.from(mutation.token.repeat(mutation.times), 'latin1'),
      );
  }
}

function flipBits(content: Buffer, index: number, mask: number): Buffer {
  const copy = Buffer.from(content);
  if (index < copy.length) copy[index] = (copy[index] ?? 0) ^ mask;
  return copy;
}

function insertBytes(content: Buffer, index: number, bytes: Buffer): Buffer {
  return Buffer.concat([content.subarray(0, index), bytes, content.subarray(index)]);
}

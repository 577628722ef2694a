/**
 * Damage to bytes, described so that a counterexample can be read. Places are shares of the length:
 * they fit any file.
 */
import fc, { type Arbitrary } from 'fast-check';

export type Mutation =
  | { kind: 'flip'; at: number; mask: number }
  | { kind: 'delete'; at: number; share: number }
  | { kind: 'truncate'; at: number }
  | { kind: 'copy'; from: number; share: number; to: number }
  | { kind: 'insert'; at: number; token: string; times: number };

const MOST_BYTES = 2_000_000;
const MOST_TIMES = 3_000;
const place = fc.nat(9_999).map((tenThousandth) => tenThousandth / 10_000);
const smallShare = fc.nat(400).map((tenThousandth) => tenThousandth / 10_000);

/** Mostly none, so that what is generated gets past the first check. */
export function occasionalMutations(tokens: readonly string[]): Arbitrary<Mutation[]> {
  const none: Arbitrary<Mutation[]> = fc.constant([]);
  return fc.oneof({ weight: 3, arbitrary: none }, { weight: 1, arbitrary: mutations(tokens) });
}

/** `tokens`: what means something in the format, put in once or in a run. */
export function mutations(tokens: readonly string[]): Arbitrary<Mutation[]> {
  const times = fc.oneof(
    { weight: 4, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.nat(MOST_TIMES) },
  );
  return fc.array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('flip' as const),
          at: place,
          mask: fc.integer({ min: 1, max: 255 }),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('delete' as const),
          at: place,
          share: smallShare,
        }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('truncate' as const), at: place }) },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('copy' as const),
          from: place,
          share: smallShare,
          to: place,
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant('insert' as const),
          at: place,
          token: fc.constantFrom(...tokens),
          times,
        }),
      },
    ),
    { minLength: 1, maxLength: 6 },
  );
}

export function mutate(content: Buffer, mutationsInOrder: readonly Mutation[]): Buffer {
  return mutationsInOrder.reduce(mutateOnce, content).subarray(0, MOST_BYTES);
}

function mutateOnce(content: Buffer, mutation: Mutation): Buffer {
  const index = (share: number) => Math.floor(share * content.length);
  switch (mutation.kind) {
    case 'flip':
      return flipped(content, index(mutation.at), mutation.mask);
    case 'delete':
      return Buffer.concat([
        content.subarray(0, index(mutation.at)),
        content.subarray(index(mutation.at + mutation.share) + 1),
      ]);
    case 'truncate':
      return content.subarray(0, index(mutation.at));
    case 'copy':
      return inserted(
        content,
        index(mutation.to),
        content.subarray(index(mutation.from), index(mutation.from + mutation.share)),
      );
    case 'insert':
      return inserted(
        content,
        index(mutation.at),
        Buffer.from(mutation.token.repeat(mutation.times), 'latin1'),
      );
  }
}

function flipped(content: Buffer, index: number, mask: number): Buffer {
  const copy = Buffer.from(content);
  if (index < copy.length) copy[index] = (copy[index] ?? 0) ^ mask;
  return copy;
}

function inserted(content: Buffer, index: number, bytes: Buffer): Buffer {
  return Buffer.concat([content.subarray(0, index), bytes, content.subarray(index)]);
}

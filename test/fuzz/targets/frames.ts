/** Bytes on an upgraded connection: frames with any opcode, flags, mask and length. */
import fc, { type Arbitrary } from 'fast-check';
import { exchangeFrames, type Frame } from '../frames-client.js';
import { defineTarget, tokenOf } from '../target.js';

interface FramesCase {
  sockets: { path: '/graphql' | '/ws'; user: number; signIn: boolean; frames: Frame[] }[];
}

const payloads: Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 130, unit: 'binary' }),
  fc.constantFrom(
    '{"type":"ping"}',
    '{"type":"connection_init"}',
    '{"type":"auth","token":"dev:x"}',
    '\u0003\u00e8',
    '\u0000',
    '',
  ),
  fc.constantFrom(126, 65_535, 70_000, 262_144, 300_000).map((length) => 'x'.repeat(length)),
);
const opcodes = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(1, 2, 0, 8, 9, 10) },
  { weight: 1, arbitrary: fc.nat(15) },
);
const frames: Arbitrary<Frame> = fc.record({
  fin: fc.boolean(),
  reserved: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(7) }),
  opcode: opcodes,
  masked: fc.oneof(
    { weight: 8, arbitrary: fc.constant(true) },
    { weight: 1, arbitrary: fc.constant(false) },
  ),
  payload: payloads,
  claimedLength: fc.option(fc.constantFrom(0, 1, 125, 65_536, 2 ** 31, Number.MAX_SAFE_INTEGER), {
    freq: 8,
  }),
  times: fc.oneof({ weight: 8, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.nat(500) }),
});

export const framesTarget = defineTarget<FramesCase>({
  name: 'frames',
  share: 1,
  cases: fc.record({
    sockets: fc.array(
      fc.record({
        path: fc.constantFrom('/graphql', '/ws'),
        user: fc.nat(100),
        signIn: fc.boolean(),
        frames: fc.array(frames, { maxLength: 10 }),
      }),
      { minLength: 1, maxLength: 6 },
    ),
  }),
  send: async (sender, { sockets }) =>
    Promise.all(
      sockets.map(({ path, user, signIn, frames: sent }) =>
        exchangeFrames(sender.url, {
          path,
          token: signIn ? tokenOf(sender, user) : null,
          frames: sent,
        }),
      ),
    ),
});

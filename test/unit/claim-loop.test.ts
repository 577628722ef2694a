import { nextPhase, toClaimOutcome } from '../../src/documents/claim-loop.js';

const slots = (free: number, isScarce = false) => ({ free: () => free, isScarce: () => isScarce });

describe('the phase of the claim loop', () => {
  it.each([
    ['STOPPED', true, 'STOPPED'],
    ['CLAIMING', true, 'CLAIMING'],
    ['IDLE', false, 'IDLE'],
    ['IDLE', true, 'CLAIMING'],
    ['FULL', true, 'CLAIMING'],
    ['PAUSING', true, 'CLAIMING'],
  ] as const)('changes from %s with a wake-up %s to %s while slots are free', (...row) => {
    const [phase, isWoken, next] = row;
    expect(nextPhase({ phase, isWoken, tookNothing: false }, slots(3))).toBe(next);
  });

  it.each(['IDLE', 'FULL'] as const)('changes from %s to FULL if no slot is free', (phase) => {
    expect(nextPhase({ phase, isWoken: true, tookNothing: true }, slots(0, true))).toBe('FULL');
  });

  it('is PAUSING only if the last claim took nothing and slots are scarce', () => {
    const after = (tookNothing: boolean, isScarce: boolean) =>
      nextPhase({ phase: 'IDLE', isWoken: true, tookNothing }, slots(1, isScarce));
    expect(after(true, true)).toBe('PAUSING');
    expect([after(true, false), after(false, true), after(false, false)]).toEqual(
      Array(3).fill('CLAIMING'),
    );
  });
});

describe('the outcome of a claim', () => {
  const last = { tookNothing: false, isBehind: true };

  it.each([
    [
      { taken: 2, sharedSlots: 2 },
      { tookNothing: false, isBehind: true },
    ],
    [
      { taken: 1, sharedSlots: 2 },
      { tookNothing: false, isBehind: false },
    ],
    [
      { taken: 0, sharedSlots: 2 },
      { tookNothing: true, isBehind: false },
    ],
    [
      { taken: 1, sharedSlots: 0 },
      { tookNothing: false, isBehind: true },
    ],
  ])('of %j is %j', (claim, outcome) => {
    expect(toClaimOutcome(last, claim)).toEqual(outcome);
  });

  it('leaves open whether documents wait if only reserved slots were free', () => {
    const claim = { taken: 0, sharedSlots: 0 };
    expect(toClaimOutcome(last, claim)).toEqual({ tookNothing: true, isBehind: true });
    expect(toClaimOutcome({ ...last, isBehind: false }, claim).isBehind).toBe(false);
  });
});

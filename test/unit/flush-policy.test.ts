import { nextFlush, type FlushState } from '../../src/cohere/flush-policy.js';

const LIMITS = { maxTexts: 4, maxCalls: 2, idleLingerMs: 5, lingerMs: 10, maxLingerMs: 800 };
const NOW = 10_000;

function makeState(more: Partial<FlushState> = {}): FlushState {
  return {
    limits: LIMITS,
    queuedTexts: 1,
    queuedRequests: 1,
    pendingRequests: 0,
    callsInFlight: 0,
    fullCallsInFlight: 0,
    isAcquiring: false,
    waitingSince: NOW,
    highLoadUntil: 0,
    ...more,
  };
}
const later = (delayMs: number) => ({ action: 'flush later', delayMs });

describe('nextFlush', () => {
  it.each<[string, Partial<FlushState>]>([
    ['no text is queued', { queuedTexts: 0, queuedRequests: 0 }],
    ['a call acquires its tokens', { isAcquiring: true, queuedTexts: 9 }],
    ['maxCalls are in flight', { callsInFlight: 2, queuedTexts: 9 }],
  ])('waits for a change while %s', (_, more) => {
    expect(nextFlush(makeState(more), NOW)).toEqual({ action: 'none' });
  });

  it('flushes a full call at once', () => {
    expect(nextFlush(makeState({ queuedTexts: 4, callsInFlight: 1 }), NOW)).toEqual({
      action: 'flush',
    });
  });

  it('lingers for more texts, longer while other calls are in flight', () => {
    expect(nextFlush(makeState(), NOW)).toEqual(later(5));
    expect(nextFlush(makeState({ callsInFlight: 1 }), NOW)).toEqual(later(10));
  });

  it.each<[string, Partial<FlushState>]>([
    ['while a full call is in flight', { callsInFlight: 1, fullCallsInFlight: 1 }],
    ['after a full call', { highLoadUntil: NOW + 1 }],
  ])('lingers up to maxLingerMs after the oldest text %s', (_, more) => {
    expect(nextFlush(makeState({ ...more, waitingSince: NOW - 300 }), NOW)).toEqual(later(500));
    expect(nextFlush(makeState({ ...more, waitingSince: NOW - 900 }), NOW)).toEqual(later(0));
  });

  it('ignores high load with a maxLingerMs of 0, and after its end', () => {
    const limits = { ...LIMITS, maxLingerMs: 0 };
    expect(nextFlush(makeState({ limits, fullCallsInFlight: 1 }), NOW)).toEqual(later(5));
    expect(nextFlush(makeState({ highLoadUntil: NOW }), NOW)).toEqual(later(5));
  });

  it('rechecks while pending requests can fill the call, for 3 s at most', () => {
    const state = makeState({ queuedTexts: 2, queuedRequests: 1, pendingRequests: 2 });
    expect(nextFlush(state, NOW)).toEqual({ action: 'recheck', delayMs: 20 });
    expect(nextFlush({ ...state, waitingSince: NOW - 3_001 }, NOW)).toEqual(later(5));
  });

  it('does not wait for too few pending requests', () => {
    expect(nextFlush(makeState({ pendingRequests: 3 }), NOW)).toEqual(later(5));
  });
});

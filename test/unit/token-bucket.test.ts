import { createLocalReserve, toRefillRate } from '../../src/rate-limit/token-bucket.js';

function bucketAt(perMinute: number) {
  const clock = { ms: 1_000_000 };
  const reserve = createLocalReserve(toRefillRate(perMinute), () => clock.ms);
  return { clock, reserve };
}

test('grants an idle bucket’s burst at once, then delays each token', () => {
  const { reserve } = bucketAt(2_000);
  const { tokenMs } = toRefillRate(2_000);
  expect(reserve(100)).toBe(0);
  expect(reserve(1)).toBeCloseTo(tokenMs);
  expect(reserve(10)).toBeCloseTo(11 * tokenMs);
});

test('delays later callers longer, whatever their count', () => {
  const { reserve } = bucketAt(100);
  const waits = [50, 1, 30, 1].map((count) => reserve(count));
  expect(waits).toEqual(waits.toSorted((a, b) => a - b));
});

test('grants more than a burst in one call, after a wait', () => {
  const { reserve } = bucketAt(60);
  expect(reserve(96)).toBeGreaterThan(90_000);
});

test('saves at most a burst in an idle hour', () => {
  const { clock, reserve } = bucketAt(2_000);
  reserve(100);
  clock.ms += 3_600_000;
  expect(reserve(100)).toBe(0);
  expect(reserve(1)).toBeGreaterThan(0);
});

test.each([10, 60, 2_000, 100_000])('never grants more than %i tokens in a minute', (perMinute) => {
  const { clock, reserve } = bucketAt(perMinute);
  const start = clock.ms;
  const size = Math.max(1, Math.floor(perMinute / 40));
  const usedAt: number[] = [];
  while (clock.ms < start + 180_000) {
    clock.ms += reserve(size);
    usedAt.push(clock.ms);
  }
  for (const from of usedAt) {
    const used = usedAt.filter((at) => at >= from && at < from + 60_000).length * size;
    expect(used).toBeLessThanOrEqual(perMinute);
  }
  const lastMinutes = usedAt.filter((at) => at >= start + 60_000).length * size;
  expect(lastMinutes / 2).toBeGreaterThan(perMinute * 0.9);
});

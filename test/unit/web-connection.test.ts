import { backoffMs } from '../../web/src/connection/backoff.js';
import { createConnection } from '../../web/src/connection/connection.js';
import { describeConnection } from '../../web/src/connection/describe-connection.js';

test('the wait doubles up to its ceiling, and a random half of it keeps pages out of step', () => {
  const waits = (random: number) =>
    [0, 1, 2, 3, 50].map((attempt) =>
      backoffMs(attempt, { baseMs: 100, maxMs: 1000, random: () => random }),
    );
  expect(waits(1)).toEqual([100, 200, 400, 800, 1000]);
  expect(waits(0)).toEqual([50, 100, 200, 400, 500]);
});

test('the first connection is no return, and each return after a loss is told once', async () => {
  const connection = createConnection(() => 0);
  let returns = 0;
  connection.onReconnected(() => returns++);
  connection.live();
  expect(returns).toBe(0);
  await connection.waitForRetry(0);
  await connection.waitForRetry(1);
  connection.live();
  connection.live();
  expect(returns).toBe(1);
});

test('a person can end the wait for the next try', async () => {
  const connection = createConnection(() => 1_000_000);
  const tried = connection.waitForRetry(0);
  expect(connection.get().phase).toBe('waiting');
  connection.retryNow();
  await tried;
  expect(connection.get().phase).toBe('retrying');
});

test('the page says when the next try is', () => {
  const words = describeConnection(
    { phase: 'waiting', attempt: 2, nextRetryAt: 10_000 },
    true,
    6_500,
  );
  expect(words.label).toBe('Reconnecting…');
  expect(words.sentence).toContain('Next try in 4\u00a0s');
});

test('without a network of its own the browser is offline, whatever the socket tries', () => {
  expect(
    describeConnection({ phase: 'waiting', attempt: 2, nextRetryAt: 10_000 }, false, 0).label,
  ).toBe('Offline');
  expect(describeConnection({ phase: 'live' }, false, 0).label).toBe('Live');
});

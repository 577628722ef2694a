import { backoffMs } from '../../web/src/connection/backoff.js';
import { createConnection } from '../../web/src/connection/connection.js';
import { describeConnection } from '../../web/src/connection/describe-connection.js';
import { createPongTimer } from '../../web/src/connection/keep-alive.js';

const { jest } = import.meta;

describe('the backoff', () => {
  it('doubles the delay up to its maximum and takes a random half of it off', () => {
    const waits = (random: number) =>
      [0, 1, 2, 3, 50].map((attempt) =>
        backoffMs(attempt, { baseMs: 100, maxMs: 1000, random: () => random }),
      );
    expect(waits(1)).toEqual([100, 200, 400, 800, 1000]);
    expect(waits(0)).toEqual([50, 100, 200, 400, 500]);
  });
});

describe('the connection', () => {
  it('reports each reconnect once, and not the first connection', async () => {
    const connection = createConnection(() => 0);
    let reconnects = 0;
    connection.onReconnected(() => reconnects++);
    connection.live();
    expect(reconnects).toBe(0);
    await connection.waitForRetry(0);
    await connection.waitForRetry(1);
    connection.live();
    connection.live();
    expect(reconnects).toBe(1);
  });

  it('lets a person end the wait for the next attempt', async () => {
    const connection = createConnection(() => 1_000_000);
    const waiting = connection.waitForRetry(0);
    expect(connection.get().phase).toBe('waiting');
    connection.retryNow();
    await waiting;
    expect(connection.get().phase).toBe('retrying');
  });
});

describe('the pong timer', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('reports a missing pong once', () => {
    let timeouts = 0;
    const timer = createPongTimer(() => timeouts++);
    timer.start();
    jest.advanceTimersByTime(60_000);
    expect(timeouts).toBe(1);
  });

  it('reports nothing after a pong', () => {
    let timeouts = 0;
    const timer = createPongTimer(() => timeouts++);
    timer.start();
    timer.stop();
    jest.advanceTimersByTime(60_000);
    expect(timeouts).toBe(0);
  });
});

describe('the description of the connection', () => {
  it('names the seconds until the next attempt', () => {
    const description = describeConnection(
      { phase: 'waiting', attempt: 2, nextRetryAt: 10_000 },
      true,
      6_500,
    );
    expect(description.label).toBe('Reconnecting…');
    expect(description.sentence).toContain('Next attempt in 4\u00a0s');
  });

  it('shows “Offline” while the browser has no network, unless the connection is live', () => {
    expect(
      describeConnection({ phase: 'waiting', attempt: 2, nextRetryAt: 10_000 }, false, 0).label,
    ).toBe('Offline');
    expect(describeConnection({ phase: 'live' }, false, 0).label).toBe('Live');
  });
});

import { settlesWithin, withDeadline } from '../../src/runtime/deadline.js';

const { jest } = import.meta;

/** Longer than any test runs: a timer that is left would keep the process alive. */
const HOUR_MS = 3_600_000;

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('a promise with a deadline', () => {
  it('resolves to the result and clears its timer', async () => {
    await expect(withDeadline(Promise.resolve(7), HOUR_MS, 'the sum')).resolves.toBe(7);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('rejects with the error of the promise and clears its timer', async () => {
    const failure = new Error('no network');
    await expect(withDeadline(Promise.reject(failure), HOUR_MS, 'the sum')).rejects.toBe(failure);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('rejects with the name of the work after the deadline', async () => {
    const late = expect(withDeadline(new Promise(() => {}), 50, 'the sum')).rejects.toThrow(
      'the sum took longer than 50 ms',
    );
    await jest.advanceTimersByTimeAsync(50);
    await late;
  });

  it('drops what the promise rejects with after the deadline', async () => {
    const work = Promise.withResolvers<never>();
    const late = expect(withDeadline(work.promise, 50, 'the sum')).rejects.toThrow('50 ms');
    await jest.advanceTimersByTimeAsync(50);
    await late;
    work.reject(new Error('too late to matter'));
  });
});

describe('the question whether a promise settles in time', () => {
  it('returns true for a promise that resolves, and clears its timer', async () => {
    expect(await settlesWithin(Promise.resolve(), HOUR_MS)).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('returns false for a promise that rejects, and clears its timer', async () => {
    expect(await settlesWithin(Promise.reject(new Error('no network')), HOUR_MS)).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('returns false for a promise that is still pending', async () => {
    const late = settlesWithin(new Promise(() => {}), 50);
    await jest.advanceTimersByTimeAsync(50);
    expect(await late).toBe(false);
  });
});

import { spawn, type ChildProcess } from 'node:child_process';
import { readingTimeMs, timeFailure } from '../../src/extraction/time-limit.js';
import { watchUsage } from '../../src/extraction/process-usage.js';
import { eventually } from '../support/wait.js';

const MIB = 1024 * 1024;
const MAX_MS = 120_000;

describe('the time limit of a file', () => {
  it.each([
    ['a few bytes', 100, 11_000],
    ['1 MiB', MIB, 11_000],
    ['20 MiB', 20 * MIB, 30_000],
    ['100 MiB', 100 * MIB, 110_000],
    ['more than the time of any file', 1_000 * MIB, MAX_MS],
  ])('grows with its size: %s', (_, bytes, ms) => {
    expect(readingTimeMs(bytes, MAX_MS)).toBe(ms);
  });

  it('does not exceed EXTRACTION_TIMEOUT_MS', () => {
    expect(readingTimeMs(0, 5_000)).toBe(5_000);
  });

  it('is quoted in the error, which is not retryable', () => {
    expect(timeFailure(11_000)).toMatchObject({
      code: 'EXTRACTION_LIMIT',
      retryable: false,
      message: expect.stringContaining('11 seconds') as string,
    });
  });
});

const onLinux = process.platform === 'linux' ? it : it.skip;

onLinux('counts the processor time of a busy process, not of a waiting one', async () => {
  const start = (code: string): ChildProcess =>
    spawn(process.execPath, ['--eval', code], { stdio: 'ignore' });
  const busy = start('for (;;);');
  const idle = start('setInterval(() => undefined, 1_000)');
  let busyMs = 0;
  let idleMs = 0;
  const unwatch = [
    watchUsage(busy.pid ?? 0, ({ cpuMs }) => (busyMs = cpuMs ?? 0)),
    watchUsage(idle.pid ?? 0, ({ cpuMs }) => (idleMs = cpuMs ?? 0)),
  ];
  await eventually(() => busyMs > 700, { what: 'processor time' }).finally(() => {
    for (const stop of unwatch) stop();
    for (const child of [busy, idle]) child.kill('SIGKILL');
  });
  expect(idleMs).toBeLessThan(busyMs / 2);
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { isProcessAlive, processStartTime } from '../../src/runtime/pid.js';

describe('a process id', () => {
  it('belongs to a living process', () => {
    expect(isProcessAlive(process.pid)).toBe(true);
  });

  it('belongs to a living process of another user', () => {
    expect(isProcessAlive(1)).toBe(true);
  });

  it('belongs to no process after that process has ended', async () => {
    const child = spawn(process.execPath, ['--eval', '']);
    await once(child, 'exit');
    expect(isProcessAlive(Number(child.pid))).toBe(false);
    expect(await processStartTime(Number(child.pid))).toBeNull();
  });

  it('has one start time for as long as the process lives', async () => {
    const started = await processStartTime(process.pid);
    if (process.platform === 'linux') expect(started).toMatch(/^\d+$/);
    expect(await processStartTime(process.pid)).toBe(started);
  });
});

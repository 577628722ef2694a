import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/product.js';
import { eventually } from '../support/wait.js';
import type { Figures } from './main.js';
import { median, round } from './statistics.js';

const RUNS = 5;

/**
 * Measures the whole of `npm start`: npm, the launcher's check of what it must install or build,
 * and the product.
 */
export async function benchStart(): Promise<Figures> {
  const dataDir = await mkdtemp(join(tmpdir(), 'docstream-bench-'));
  const times: number[] = [];
  for (let run = 0; run <= RUNS; run += 1) times.push(await startOnce(dataDir));
  await rm(dataDir, { recursive: true, force: true });
  return {
    secondStartMs: round(median(times.slice(1)), 0),
    firstStartMs: round(times[0] ?? Number.NaN, 0),
  };
}

async function startOnce(dataDir: string): Promise<number> {
  const port = await freePort();
  const begun = performance.now();
  const child = spawn('npm', ['start'], {
    env: { ...process.env, PORT: String(port), DATA_DIR: dataDir },
    stdio: 'ignore',
  });
  await eventually(async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok, {
    timeoutMs: 60_000,
    everyMs: 10,
    what: '/readyz',
  });
  const durationMs = performance.now() - begun;
  child.kill('SIGTERM');
  await once(child, 'exit');
  return durationMs;
}

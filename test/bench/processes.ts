/**
 * Processes that a benchmark starts: the product's, those composed for a benchmark, and the peer's.
 * None is left running.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../support/product.js';
import { eventually, within } from '../support/wait.js';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
const NODE = join(PROJECT, 'node_modules/node/bin/node');
const TYPESCRIPT = '--import=./test/bench/typescript-imports.mjs';
const READY_MS = 60_000;
const STOP_MS = 30_000;

export interface BenchProcess {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

const running = new Set<BenchProcess>();

/**
 * Starts a file of the build or a TypeScript file of the benchmarks, and waits until its /readyz
 * answers 200.
 */
export async function startProcess(
  entry: string,
  env: Record<string, string>,
): Promise<BenchProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const flags = (process.env['BENCH_NODE_FLAGS'] ?? '').split(' ').filter(Boolean);
  const child = spawn(
    NODE,
    [...flags, '--enable-source-maps', ...(entry.endsWith('.ts') ? [TYPESCRIPT] : []), entry],
    {
      cwd: PROJECT,
      env: { PATH: process.env['PATH'] ?? '', TMPDIR: tmpdir(), PORT: String(port), ...env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    },
  );
  const ended = once(child, 'exit');
  const words: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => words.push(text));
  const started: BenchProcess = {
    url,
    pid: child.pid ?? 0,
    stop: () => stop(started, child, ended),
  };
  running.add(started);
  const isReady = async () => child.exitCode !== null || (await fetch(`${url}/readyz`)).ok;
  await eventually(isReady, { timeoutMs: READY_MS, everyMs: 20, what: `${entry} to be ready` });
  if (child.exitCode !== null) throw new Error(`${entry} has ended\n${words.join('')}`);
  return started;
}

async function stop(
  one: BenchProcess,
  child: ChildProcess,
  ended: Promise<unknown>,
): Promise<void> {
  running.delete(one);
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await within(ended, STOP_MS, 'a stop').catch(() => child.kill('SIGKILL'));
}

/** What a benchmark that failed has left. */
export async function stopAllProcesses(): Promise<void> {
  await Promise.all([...running].map((one) => one.stop()));
}

/**
 * Processes that a benchmark starts: those of the product, of the peer, and those made for one
 * benchmark. All of them stop with the benchmark.
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
 * responds with 200.
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
  const stderr: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => stderr.push(text));
  const started: BenchProcess = {
    url,
    pid: child.pid ?? 0,
    stop: () => stop(started, child, ended),
  };
  running.add(started);
  const isReady = async () => child.exitCode !== null || (await fetch(`${url}/readyz`)).ok;
  await eventually(isReady, {
    timeoutMs: READY_MS,
    everyMs: 20,
    what: `the readiness of ${entry}`,
  });
  if (child.exitCode !== null)
    throw new Error(`${entry} ended before it was ready\n${stderr.join('')}`);
  return started;
}

async function stop(
  benchProcess: BenchProcess,
  child: ChildProcess,
  ended: Promise<unknown>,
): Promise<void> {
  running.delete(benchProcess);
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await within(ended, STOP_MS, 'the stop of a process').catch(() => child.kill('SIGKILL'));
}

/** Stops the processes that a failed benchmark left running. */
export async function stopAllProcesses(): Promise<void> {
  await Promise.all([...running].map((benchProcess) => benchProcess.stop()));
}

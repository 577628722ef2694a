/**
 * What another process uses, as the kernel counts it. Memory: heap, buffers, WASM, everything.
 * Processor time: that of all its threads.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

/** A file in /proc is read in microseconds, a `ps` costs a process. */
const POLL_MS = process.platform === 'linux' ? 50 : 250;
/** Linux shows every program 100 ticks a second, whatever the kernel's own clock. */
const TICK_MS = 10;

export interface Usage {
  /** 0 for a process that has ended. */
  rssBytes: number;
  /** Since the watch began; null where the kernel does not tell. */
  cpuMs: number | null;
}

/** Reports the usage again and again, until the returned function is called. */
export function watchUsage(pid: number, onUsage: (usage: Usage) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let cpuMsBefore: number | null = null;

  async function poll(): Promise<void> {
    const [rssBytes, cpuMs] = await Promise.all([residentBytes(pid), processorMs(pid)]);
    if (stopped) return;
    cpuMsBefore ??= cpuMs;
    onUsage({ rssBytes, cpuMs: cpuMs === null ? null : cpuMs - (cpuMsBefore ?? 0) });
    timer = setTimeout(() => void poll(), POLL_MS);
  }

  void poll();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

async function residentBytes(pid: number): Promise<number> {
  try {
    return process.platform === 'linux' ? await fromProc(pid) : await fromPs(pid);
  } catch {
    return 0;
  }
}

/**
 * /proc/PID/status speaks of kilobytes; statm counts pages, whose size differs between machines.
 */
async function fromProc(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1');
  return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

async function fromPs(pid: number): Promise<number> {
  const { stdout } = await execFileAsync('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout.trim()) * 1024;
}

/**
 * The fields behind the name in /proc/PID/stat, which stands in parentheses: `utime` is the 12th,
 * `stime` the 13th.
 */
async function processorMs(pid: number): Promise<number | null> {
  if (process.platform !== 'linux') return null;
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => null);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/**
 * The usage of another process, as the kernel counts it: all of its memory (heap, buffers, WASM),
 * and the processor time of all its threads.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

/** Reading a file in /proc takes microseconds; `ps` starts a process. */
const POLL_MS = process.platform === 'linux' ? 50 : 250;
/** Linux reports 100 ticks a second to every program, whatever the kernel's own clock is. */
const TICK_MS = 10;

export interface Usage {
  /** 0 for a process that has ended. */
  rssBytes: number;
  /** Since the watch began. Null if the kernel does not report it. */
  cpuMs: number | null;
}

/** Reports the usage repeatedly until the returned function is called. */
export function watchUsage(pid: number, onUsage: (usage: Usage) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let cpuMsBefore: number | null = null;

  async function poll(): Promise<void> {
    const [rssBytes, cpuMs] = await Promise.all([residentBytes(pid), processorMs(pid)]);
    if (isStopped) return;
    cpuMsBefore ??= cpuMs;
    onUsage({ rssBytes, cpuMs: cpuMs === null ? null : cpuMs - (cpuMsBefore ?? 0) });
    timer = setTimeout(() => void poll(), POLL_MS);
  }

  void poll();
  return () => {
    isStopped = true;
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

/** Reads /proc/PID/status, in kilobytes: statm counts pages, whose size differs by machine. */
async function fromProc(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1');
  return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

async function fromPs(pid: number): Promise<number> {
  const { stdout } = await execFileAsync('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout.trim()) * 1024;
}

/**
 * Reads the fields of /proc/PID/stat after the program's name, which is in parentheses: `utime` is
 * the 12th of them, `stime` the 13th.
 */
async function processorMs(pid: number): Promise<number | null> {
  if (process.platform !== 'linux') return null;
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => null);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

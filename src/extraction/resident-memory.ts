/** Memory of another process as the kernel counts it: heap, buffers, WASM, everything. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

/** A file in /proc is read in microseconds, a `ps` costs a process. */
const POLL_MS = process.platform === 'linux' ? 50 : 250;

/** Calls `onExceeded` once when the process holds more than `maxRssBytes`; answers the way to stop watching. */
export function watchRss(pid: number, maxRssBytes: number, onExceeded: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  async function poll(): Promise<void> {
    const rssBytes = await residentBytes(pid);
    if (stopped) return;
    if (rssBytes > maxRssBytes) onExceeded();
    else timer = setTimeout(() => void poll(), POLL_MS);
  }
  void poll();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

/** 0 for a process that is gone. */
async function residentBytes(pid: number): Promise<number> {
  try {
    return process.platform === 'linux' ? await fromProc(pid) : await fromPs(pid);
  } catch {
    return 0;
  }
}

/** /proc/PID/status speaks of kilobytes; statm counts pages, whose size differs between machines. */
async function fromProc(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1');
  return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

async function fromPs(pid: number): Promise<number> {
  const { stdout } = await execFileAsync('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout.trim()) * 1024;
}

import { readFile } from 'node:fs/promises';

const MIB = 1024 * 1024;
const SAMPLE_MS = 20;

/**
 * Returns how much the resident memory of a process grows at most while `work` runs, and how much
 * it is before, both in MiB. Reads Linux' /proc.
 */
export async function measureGrowth(
  pid: number,
  work: () => Promise<unknown>,
): Promise<{ growthMiB: number; beforeMiB: number }> {
  const before = await residentBytes(pid);
  let highest = before;
  const sampler = setInterval(() => {
    void residentBytes(pid).then((bytes) => (highest = Math.max(highest, bytes)));
  }, SAMPLE_MS);
  try {
    await work();
  } finally {
    clearInterval(sampler);
  }
  return { growthMiB: (highest - before) / MIB, beforeMiB: before / MIB };
}

/**
 * Returns the resident memory of a process without its children, and NaN for a zombie. Throws if
 * the process no longer exists.
 */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1_024;
}

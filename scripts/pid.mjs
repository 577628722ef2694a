/** Facts about processes by their ids, for the launcher and for the services. */
import { readFileSync, readdirSync } from 'node:fs';

/**
 * Returns true if this process, or a process of the group that it leads, exists. Works on every
 * platform, and takes a reused process id for the old process.
 */
export function isProcessAlive(pid) {
  return [pid, -pid].some((target) => {
    try {
      return process.kill(target, 0);
    } catch (error) {
      return error.code === 'EPERM';
    }
  });
}

/** Returns the process and parent ids of all processes. Linux only, as everything below. */
export function listProcesses() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: readStat(name)?.parent }));
}

/**
 * Returns a text that identifies a process beyond its id, which is reused some day; null if the
 * process does not exist or is a zombie.
 */
export function processIdentity(pid) {
  const stat = readStat(pid);
  return stat === null || isDead(stat) ? null : `${bootId()} ${stat.startTicks}`;
}

/** Returns true for a dead process that its parent has not waited for. */
export function isZombie(pid) {
  const stat = readStat(pid);
  return stat !== null && isDead(stat);
}

/** A zombie whose threads are still ending keeps its files and ports open. */
function isDead({ state, threads }) {
  return state === 'X' || (state === 'Z' && threads <= 1);
}

/**
 * Reads the format of proc(5). The name in parentheses may contain anything, so the fields are
 * counted from its end.
 */
function readStat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return {
      state: fields[0],
      parent: Number(fields[1]),
      threads: Number(fields[17]),
      startTicks: fields[19],
    };
  } catch {
    return null;
  }
}

/** Start times count from the boot. */
function bootId() {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

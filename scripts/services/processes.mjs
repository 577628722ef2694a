/**
 * Servers that outlive the command which starts them, and are never confused with later processes
 * of the same id.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { listProcesses, processIdentity } from '../pid.mjs';

const POLL_MS = 25;
const GONE_MS = 10_000;

/** Starts a server and returns `{ pid, identity }`. Process ids are reused; the pair is not. */
export async function startDetached({ command, args, env, cwd, user, logFile }) {
  const logFd = openSync(logFile, 'a');
  try {
    const child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', logFd, logFd],
      env: { ...process.env, ...env },
      cwd,
      ...user,
    });
    await once(child, 'spawn');
    child.unref();
    return { pid: child.pid, identity: processIdentity(child.pid) };
  } finally {
    closeSync(logFd);
  }
}

export function isRunning(started) {
  return started !== null && processIdentity(started.pid) === started.identity;
}

/**
 * Sends `signal`, waits, then kills. Returns 'stopped', 'killed', or 'gone' if the process did not
 * exist.
 */
export async function stopProcess(started, { signal = 'SIGTERM', graceMs }) {
  if (!isRunning(started)) return 'gone';
  const family = familyOf(started.pid);
  // A paused process handles no signal before it continues.
  for (const one of signal === 'SIGKILL' ? [signal] : [signal, 'SIGCONT']) send(started.pid, one);
  if (signal !== 'SIGKILL' && (await areGone(family, graceMs))) return 'stopped';
  for (const member of family.filter(isRunning)) send(member.pid, 'SIGKILL');
  if (!(await areGone(family, GONE_MS))) throw new Error(`process ${started.pid} does not exit`);
  return 'killed';
}

/**
 * Returns a process with its descendants. PostgreSQL's servers leave the process group, and keep
 * its memory for a moment after it has exited.
 */
function familyOf(pid) {
  const parents = listProcesses();
  const family = [pid];
  for (const member of family)
    family.push(...parents.filter((one) => one.parent === member).map((one) => one.pid));
  return family
    .map((member) => ({ pid: member, identity: processIdentity(member) }))
    .filter(({ identity }) => identity !== null);
}

async function areGone(family, timeoutMs) {
  const deadline = Date.now() + timeoutMs;
  while (family.some(isRunning)) {
    if (Date.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/**
 * Servers that outlive the command which starts them, told apart from whatever gets their process
 * ids later.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { listProcesses, processIdentity } from '../pid.mjs';

const POLL_MS = 25;
const GONE_MS = 10_000;

/** Answers `{ pid, identity }`: a process id is used again one day, the pair is not. */
export async function startDetached({ command, args, env, cwd, user, logFile }) {
  const log = openSync(logFile, 'a');
  try {
    const child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, ...env },
      cwd,
      ...user,
    });
    await once(child, 'spawn');
    child.unref();
    return { pid: child.pid, identity: processIdentity(child.pid) };
  } finally {
    closeSync(log);
  }
}

export function isRunning(started) {
  return started !== null && processIdentity(started.pid) === started.identity;
}

/**
 * Asks, waits, then forces. Answers how it went: 'stopped', 'killed', or 'gone' when it was not
 * there.
 */
export async function stopProcess(started, { signal = 'SIGTERM', graceMs }) {
  if (!isRunning(started)) return 'gone';
  const family = familyOf(started.pid);
  // A paused process hears nothing before it goes on.
  for (const one of signal === 'SIGKILL' ? [signal] : [signal, 'SIGCONT']) send(started.pid, one);
  if (signal !== 'SIGKILL' && (await areGone(family, graceMs))) return 'stopped';
  for (const member of family.filter(isRunning)) send(member.pid, 'SIGKILL');
  if (!(await areGone(family, GONE_MS))) throw new Error(`process ${started.pid} does not end`);
  return 'killed';
}

/**
 * A process with all below it: PostgreSQL's servers leave the process group, and hold its memory a
 * moment longer than it lives.
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

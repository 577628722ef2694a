import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inProject, say } from './paths.mjs';

/** Outside the checkout, because `npm ci` empties node_modules. */
const LOCK_FILE = join(
  tmpdir(),
  `docstream-${createHash('sha256').update(inProject('.')).digest('hex').slice(0, 16)}.lock`,
);
const POLL_MS = 100;

/**
 * Installing and building are done by one launcher at a time; the next one then finds the work
 * done.
 */
export async function withLock(work) {
  let told = false;
  while (!tryLock()) {
    if (!told) say(`waiting for another launcher that installs or builds (${LOCK_FILE})`);
    told = true;
    await sleep(POLL_MS);
  }
  process.once('exit', unlock);
  try {
    return await work();
  } finally {
    process.off('exit', unlock);
    unlock();
  }
}

/**
 * An installer outlives a launcher that is killed, and must not meet a second one in node_modules.
 */
export function alsoHeldBy(pid) {
  appendFileSync(LOCK_FILE, ` ${pid}`);
}

function tryLock() {
  try {
    writeFileSync(LOCK_FILE, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (!isHeld()) unlock();
    return false;
  }
}

/**
 * A launcher that was killed leaves its file behind; an empty file is one that is just being
 * written.
 */
function isHeld() {
  const holders = readHolders();
  return holders.length === 0 || holders.some(isAlive);
}

function readHolders() {
  try {
    return readFileSync(LOCK_FILE, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** npx leads a group: it may be gone while npm still installs. */
function isAlive(pid) {
  return [pid, -pid].some((target) => {
    try {
      return process.kill(target, 0);
    } catch (error) {
      return error.code === 'EPERM';
    }
  });
}

function unlock() {
  rmSync(LOCK_FILE, { force: true });
}

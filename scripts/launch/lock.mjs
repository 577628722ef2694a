import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isProcessAlive } from '../pid.mjs';
import { inProject, say } from './paths.mjs';

/** The lock file, outside the checkout because `npm ci` empties node_modules. */
const LOCK_FILE = join(
  tmpdir(),
  `docstream-${createHash('sha256').update(inProject('.')).digest('hex').slice(0, 16)}.lock`,
);
const POLL_MS = 100;

/**
 * Runs `work` while no other launcher installs or builds; the next launcher then finds the work
 * done.
 */
export async function withLock(work) {
  let isReported = false;
  while (!tryLock()) {
    if (!isReported) say(`waiting for another launcher that installs or builds (${LOCK_FILE})`);
    isReported = true;
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
 * Keeps the lock while the process `pid` runs too: an installer outlives a killed launcher, and two
 * installers would destroy node_modules.
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
 * Returns false for the file of a launcher that was killed. An empty file is still being written.
 * The group counts too, because npx may exit while npm still installs.
 */
function isHeld() {
  const holders = readHolders();
  return holders.length === 0 || holders.some(isProcessAlive);
}

function readHolders() {
  try {
    return readFileSync(LOCK_FILE, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function unlock() {
  rmSync(LOCK_FILE, { force: true });
}

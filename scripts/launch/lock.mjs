import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inProject, say } from './paths.mjs';

/** Outside the checkout, because `npm ci` empties node_modules. */
const LOCK_FILE = join(tmpdir(), `docstream-${createHash('sha256').update(inProject('.')).digest('hex').slice(0, 16)}.lock`);
const POLL_MS = 100;

/** Installing and building are done by one launcher at a time; the next one then finds the work done. */
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

/** A launcher that was killed leaves its file behind; an empty file is one that is just being written. */
function isHeld() {
  try {
    const pid = Number(readFileSync(LOCK_FILE, 'utf8'));
    return pid === 0 || process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function unlock() {
  rmSync(LOCK_FILE, { force: true });
}

/**
 * A thread that kills its process when the parent has died. A parent that is killed cannot kill its
 * children, and a reader in an endless loop does not notice that its parent is dead.
 */
import { workerData } from 'node:worker_threads';

const CHECK_MS = 500;

const parentPid = workerData as number;

setInterval(() => {
  if (process.ppid !== parentPid) process.kill(process.pid, 'SIGKILL');
}, CHECK_MS);

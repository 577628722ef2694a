/**
 * A thread beside the reader. A parent that is killed cannot kill its children, and a reader stuck
 * in a loop does not hear that it lost its parent; this thread does, and ends the process.
 */
import { workerData } from 'node:worker_threads';

const CHECK_MS = 500;

const parentPid = workerData as number;

setInterval(() => {
  if (process.ppid !== parentPid) process.kill(process.pid, 'SIGKILL');
}, CHECK_MS);

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from '../launch/paths.mjs';

const POLL_MS = 200;

/**
 * One at a time over all processes. The lock is an abstract socket of Linux: however its holder
 * ends, it is free again.
 */
export async function withLock(name, work) {
  const address = `\0docstream-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
  let server = await tryListen(address);
  if (server === null) say(`waiting for another command that works on ${name}`);
  for (; server === null; server = await tryListen(address)) await sleep(POLL_MS);
  try {
    return await work();
  } finally {
    server.close();
  }
}

async function tryListen(address) {
  const server = createServer().listen(address);
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if (error.code === 'EADDRINUSE') return null;
    throw error;
  }
}

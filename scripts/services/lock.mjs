import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from '../launch/paths.mjs';

const POLL_MS = 200;

/**
 * Runs `work` while no other process holds the lock `name`. The lock is an abstract socket of
 * Linux, which the kernel releases when its holder exits.
 */
export async function withLock(name, work) {
  const address = `\0docstream-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
  let server = await tryListen(address);
  if (server === null) say(`waiting for another command that uses ${name}`);
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

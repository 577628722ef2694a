import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const LOWEST = 20_000;

/**
 * Returns `count` free loopback ports, none of them `taken`. They lie below the kernel's range for
 * outgoing connections: a client that reconnects to a stopped server could otherwise get the
 * server's port and connect to itself.
 */
export async function freePorts(count, taken = new Set()) {
  const ports = [];
  while (ports.length < count) {
    const port = LOWEST + Math.floor(Math.random() * (highest() - LOWEST));
    if (taken.has(port) || !(await isFree(port))) continue;
    taken.add(port);
    ports.push(port);
  }
  return ports;
}

export async function isFree(port) {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

function highest() {
  const [first] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
    .trim()
    .split(/\s+/)
    .map(Number);
  return first > LOWEST + 1_000 ? first : 32_768;
}

/** Redis with a password; its data survives a restart. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { inFolder } from './folders.mjs';
import { find } from './tools.mjs';

const PROBE_MS = 2_000;

export const redis = {
  name: 'redis',
  version: '7 or newer',
  ports: ['main'],
  needs: () => ['redis'],
  makeSecrets: () => ({ password: randomBytes(16).toString('hex') }),
  prepare: async () => undefined,

  async initialise({ folder, ports, secrets }) {
    const data = inFolder.data(folder, 'redis');
    mkdirSync(data, { recursive: true });
    const lines = [
      'bind 127.0.0.1',
      `port ${ports.main}`,
      `dir "${data}"`,
      'appendonly yes',
      'save ""',
      // Every user of the machine can read the arguments of a process.
      `requirepass ${secrets.password}`,
    ];
    writeFileSync(configFile(folder), `${lines.join('\n')}\n`, { mode: 0o600 });
  },
  command: ({ folder }) => ({
    command: find('redis-server'),
    args: [configFile(folder)],
    cwd: inFolder.data(folder, 'redis'),
  }),
  isReady: ({ ports, secrets }) => respondsToPing(ports.main, secrets.password),
  variables: ({ ports, secrets }) => ({
    REDIS_URL: `redis://default:${secrets.password}@127.0.0.1:${ports.main}`,
  }),
};

function configFile(folder) {
  return join(inFolder.data(folder, 'redis'), 'redis.conf');
}

/** Returns true if Redis replies to PING; while it loads its file it replies LOADING. */
async function respondsToPing(port, password) {
  const socket = connect({ port, host: '127.0.0.1', timeout: PROBE_MS });
  socket.once('timeout', () => socket.destroy(new Error('Redis does not respond')));
  try {
    await once(socket, 'connect');
    socket.write(`AUTH ${password}\r\nPING\r\nQUIT\r\n`);
    const replies = await socket.setEncoding('utf8').toArray();
    return replies.join('') === '+OK\r\n+PONG\r\n+OK\r\n';
  } finally {
    socket.destroy();
  }
}

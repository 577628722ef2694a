/** A separate Redis for one test, which the test may kill, restart, pause and protect. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './wait.js';

export interface OwnRedis {
  readonly port: number;
  readonly url: string;
  start(...settings: string[]): Promise<void>;
  /** Sends SIGKILL, as a power failure does. */
  kill(): Promise<void>;
  /** Keeps connections open without replies until `resume`. */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
}

export async function openOwnRedis(): Promise<OwnRedis> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'docstream-redis-'));
  let child: ChildProcess | undefined;

  const kill = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    start: async (...settings) => {
      const args = [
        '--port',
        String(port),
        '--bind',
        '127.0.0.1',
        '--save',
        '',
        '--dir',
        folder,
        ...settings,
      ];
      child = spawn('redis-server', args, { stdio: 'ignore' });
      await once(child, 'spawn');
      await eventually(() => listens(port), { what: "the test's own Redis" });
    },
    kill,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    close: async () => {
      child?.kill('SIGCONT');
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Returns true if Redis replies, even if it asks for a password. */
async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  try {
    socket.write('PING\r\n');
    const [reply] = (await once(socket, 'data')) as [string];
    return /^(\+PONG|-NOAUTH)/.test(reply);
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The product as a supervisor starts it: with npm, which gets the signal. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRunning } from '../support/processes.js';
import { freePort } from '../support/product.js';
import { eventually, within } from '../support/wait.js';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
const NPM = { npm_config_update_notifier: 'false', npm_config_logs_max: '0' };
const END_MS = 30_000;

let dataDir: string;
let started: ChildProcess[];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'docstream-npm-'));
  started = [];
});
afterEach(async () => {
  for (const { pid } of started) killGroup(pid);
  await rm(dataDir, { recursive: true, force: true });
});

/** In a process group of its own, which the test can end as a whole. */
function npm(args: string[], port: number, cwd = PROJECT): ChildProcess {
  const env = {
    PATH: process.env['PATH'],
    HOME: tmpdir(),
    ...NPM,
    PORT: String(port),
    DATA_DIR: dataDir,
  };
  const child = spawn('npm', args, { cwd, env, stdio: 'ignore', detached: true });
  started.push(child);
  return child;
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // The group has ended.
  }
}

async function exitOf(child: ChildProcess): Promise<number | string> {
  const [code, signal] = (await within(once(child, 'exit'), END_MS, 'the end of npm')) as [
    number | null,
    string | null,
  ];
  return code ?? signal ?? 'no exit code';
}

/** The product's process, by the lock of its data folder. */
async function productPid(): Promise<number> {
  const { pid } = JSON.parse(await readFile(join(dataDir, 'owner.pid'), 'utf8')) as { pid: number };
  return pid;
}

it.each(['SIGTERM', 'SIGINT'] as const)(
  '%s to `npm start` ends npm with 0, and not before the product has ended',
  async (signal) => {
    const port = await freePort();
    const child = npm(['start'], port);
    const ready = async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
    await eventually(ready, { timeoutMs: 60_000, what: '/readyz' });
    const pid = await productPid();
    const exit = exitOf(child);
    child.kill(signal);
    expect(await exit).toBe(0);
    expect(await isRunning(pid)).toBe(false);
  },
);

it.each(['worker', 'relay'])(
  '`npm run %s` ends with the exit code of the product',
  async (role) => {
    expect(await exitOf(npm(['run', role], 0))).toBe(1);
  },
);

it('`npm test -- FILE` builds nothing for a unit test', async () => {
  const copied = [
    'jest.config.js',
    'package-lock.json',
    'package.json',
    'scripts',
    'src/documents',
    'test/support',
    'test/unit/fuse-ranks.test.ts',
  ];
  for (const path of copied)
    await cp(join(PROJECT, path), join(dataDir, path), { recursive: true });
  await symlink(join(PROJECT, 'node_modules'), join(dataDir, 'node_modules'));
  expect(await exitOf(npm(['test', '--', 'test/unit/fuse-ranks'], 0, dataDir))).toBe(0);
  expect(await readdir(dataDir)).not.toContain('dist');
});

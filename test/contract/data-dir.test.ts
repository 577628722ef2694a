/** The lock of the data folder. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { built, openFolder } from '../support/built.js';

type DataDirModule = typeof import('../../src/in-process/data-dir-lock.js');

const { lockDataDir, isOwnerStopping } = await built<DataDirModule>('in-process/data-dir-lock.js');
const MODULE = new URL('../../dist/src/in-process/data-dir-lock.js', import.meta.url).href;

/**
 * A process that locks the folder, reports that, and announces its stop or releases the lock when it
 * gets a message.
 */
const OWNER = `
  const { lockDataDir } = await import(process.argv[1]);
  try {
    const lock = await lockDataDir(process.argv[2]);
    process.send('owner');
    process.on('message', async (message) => {
      if (message.stopsWithinMs) return void (await lock.announceStop(message.stopsWithinMs), process.send('announced'));
      await lock.release();
      process.disconnect();
    });
  } catch (error) { process.send(error.message); process.disconnect(); }`;

let folder: string;
let removeFolder: () => Promise<void>;
let children: ChildProcess[];
beforeEach(async () => {
  ({ folder, close: removeFolder } = await openFolder());
  children = [];
});
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  await removeFolder();
});

const lockPath = () => join(folder, 'owner.pid');

async function startOwner(): Promise<{ child: ChildProcess; reply: unknown }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', OWNER, MODULE, folder], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  children.push(child);
  const [reply] = (await once(child, 'message')) as unknown[];
  return { child, reply };
}

/** How long a process waits for an owner that announces nothing. */
const OWNER_LEAVES_MS = 3_000;

async function announceStop(child: ChildProcess, stopsWithinMs: number): Promise<void> {
  const announced = once(child, 'message');
  child.send({ stopsWithinMs });
  await announced;
}

async function end(child: ChildProcess, how: () => void): Promise<void> {
  const ended = once(child, 'exit');
  how();
  await ended;
}

describe('a data folder', () => {
  it('is created for this user alone', async () => {
    const { release } = await lockDataDir(join(folder, 'new', 'data'));
    expect((await stat(join(folder, 'new', 'data'))).mode & 0o077).toBe(0);
    await release();
  });

  it('can be locked again after its owner has released it', async () => {
    await (await lockDataDir(folder)).release();
    expect(await readdir(folder)).toEqual([]);
    const { release } = await lockDataDir(folder);
    await release();
  });

  it('is refused while its owner is alive, in one line that names the owner', async () => {
    const { child, reply } = await startOwner();
    expect(reply).toBe('owner');
    await expect(lockDataDir(folder)).rejects.toMatchObject({
      name: 'DataDirError',
      message: `DATA_DIR ${folder} is in use by process ${String(child.pid)}; stop that process or choose another folder.`,
    });
  });

  it('is handed over by an owner that releases it', async () => {
    const { child } = await startOwner();
    const locking = lockDataDir(folder);
    child.send('leave');
    const { release } = await locking;
    await release();
  });

  it('waits longer for an owner that announced its stop, and reports the wait once', async () => {
    const { child } = await startOwner();
    await announceStop(child, 60_000);
    expect(await isOwnerStopping(folder)).toBe(true);
    const waits: number[] = [];
    const locking = lockDataDir(folder, { onWait: ({ pid }) => void waits.push(pid) });
    const outcome = await Promise.race([locking, sleep(OWNER_LEAVES_MS + 1_000, 'waiting')]);
    expect([outcome, waits]).toEqual(['waiting', [child.pid]]);
    child.send('leave');
    await (await locking).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is refused when an owner that announced its stop outlives its own deadline', async () => {
    const { child } = await startOwner();
    await announceStop(child, 1);
    await expect(lockDataDir(folder)).rejects.toMatchObject({ name: 'DataDirError' });
  });

  it('is taken over from an owner that was killed while it stopped', async () => {
    const { child } = await startOwner();
    await announceStop(child, 60_000);
    const locking = lockDataDir(folder);
    await end(child, () => child.kill('SIGKILL'));
    await (await locking).release();
  });

  it('is taken over from an owner that was killed', async () => {
    const { child } = await startOwner();
    await end(child, () => child.kill('SIGKILL'));
    const { release } = await lockDataDir(folder);
    expect(await readFile(lockPath(), 'utf8')).toContain(`"pid":${process.pid}`);
    await release();
  });

  it('is taken over if another process has the id of its owner', async () => {
    const { child } = await startOwner();
    await writeFile(lockPath(), JSON.stringify({ pid: child.pid, startedAt: '1' }));
    const { release } = await lockDataDir(folder);
    await release();
  });

  it.each(['', 'garbage', '{"pid":"x"}', '{"pid":4194304999}'])(
    'is taken over from the lock %j, which names no process',
    async (content) => {
      await writeFile(lockPath(), content);
      const { release } = await lockDataDir(folder);
      expect(await readdir(folder)).toEqual(['owner.pid']);
      await release();
    },
  );

  it('has one owner if several processes find the same stale lock', async () => {
    await writeFile(lockPath(), '{"pid":4194304999}');
    const owners = await Promise.all(Array.from({ length: 4 }, startOwner));
    expect(owners.filter(({ reply }) => reply === 'owner')).toHaveLength(1);
    expect(
      owners.filter(({ reply }) => String(reply).includes('is in use by process')),
    ).toHaveLength(3);
  });

  it('is refused in one line if it cannot be created', async () => {
    await writeFile(join(folder, 'a-file'), '');
    await expect(lockDataDir(join(folder, 'a-file', 'data'))).rejects.toMatchObject({
      name: 'DataDirError',
      message: expect.stringContaining('cannot be written') as string,
    });
  });

  it('is refused in one line if it is read-only', async () => {
    const path = await readOnlyFolder();
    await expect(lockDataDir(path)).rejects.toMatchObject({ name: 'DataDirError' });
  });
});

/** The superuser can write everywhere except where the kernel accepts no files. */
async function readOnlyFolder(): Promise<string> {
  if (process.getuid?.() === 0) return '/proc/self';
  const path = join(folder, 'read-only');
  await mkdir(path);
  await chmod(path, 0o500);
  return path;
}

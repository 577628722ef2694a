/** PostgreSQL with its own cluster: one superuser with a password, one database, no Unix socket. */
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { chmod, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isZombie } from '../pid.mjs';
import { inFolder } from './folders.mjs';
import { findPostgres, postgresUser } from './postgres-programs.mjs';
import { runTool } from './tools.mjs';

const NAME = 'docstream';
/** Enough for the pools of many processes and for the tests. */
const MAX_CONNECTIONS = 300;

export const postgres = {
  name: 'postgres',
  version: '15 or newer',
  ports: ['main'],
  needs: () => ['postgres'],
  makeSecrets: () => ({ password: randomBytes(16).toString('hex') }),
  prepare: async () => undefined,

  async initialise({ folder, secrets }) {
    const data = dataFolder(folder);
    if (existsSync(data)) removeLockOfZombie(data);
    else await initialiseCluster(data, secrets.password);
  },
  command: ({ folder, ports }) => ({
    command: join(findPostgres(), 'postgres'),
    args: ['-D', dataFolder(folder), ...settings({ port: ports.main })],
    cwd: '/',
    user: postgresUser().ids,
  }),
  /** Runs a query, as a client does. */
  isReady({ ports, secrets }) {
    const { status } = spawnSync(
      join(findPostgres(), 'psql'),
      ['-qAt', '-c', 'select 1', address({ ports }, '')],
      {
        env: { PATH: process.env.PATH, PGPASSWORD: secrets.password, PGCONNECT_TIMEOUT: '2' },
        stdio: 'ignore',
        timeout: 5_000,
      },
    );
    return status === 0;
  },
  variables: ({ ports, secrets }) => ({ DATABASE_URL: address({ ports }, `:${secrets.password}`) }),
  // The fast shutdown, which ends transactions. SIGTERM waits until every client disconnects.
  stopSignal: 'SIGINT',
  dataFolders: ({ folder }) => [dataFolder(folder), draftOf(dataFolder(folder))],
};

function address({ ports }, password) {
  return `postgres://${NAME}${password}@127.0.0.1:${ports.main}/${NAME}`;
}

/**
 * Returns a folder in that of the services if the user of PostgreSQL may enter it, otherwise in the
 * home of that user. Root's ~/.cache is closed to others.
 */
function dataFolder(folder) {
  const { ids, home } = postgresUser();
  mkdirSync(folder, { recursive: true });
  if (home === null || spawnSync('test', ['-x', folder], { ...ids, cwd: '/' }).status === 0)
    return inFolder.data(folder, 'postgres');
  return join(home, `docstream-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`);
}

function draftOf(data) {
  return `${data}.draft`;
}

async function initialiseCluster(data, password) {
  const { ids } = postgresUser();
  const draft = draftOf(data);
  const bin = findPostgres();
  await rm(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  if (ids.uid !== undefined) chownSync(draft, ids.uid, ids.gid);
  await chmod(draft, 0o700);
  const options = { ...ids, cwd: '/' };
  await runTool(
    join(bin, 'initdb'),
    ['-D', draft, '-U', NAME, '-E', 'UTF8', '--locale=C.UTF-8', '--auth=trust', '--no-sync'],
    options,
  );
  // The single-user mode needs no password, no port and no readiness check.
  const input = `alter user ${NAME} password '${password}';\ncreate database ${NAME};\n`;
  await runTool(join(bin, 'postgres'), ['--single', '-D', draft, 'postgres'], {
    ...options,
    input,
  });
  await writeFile(join(draft, 'pg_hba.conf'), 'host all all 127.0.0.1/32 scram-sha-256\n');
  await rename(draft, data);
}

function removeLockOfZombie(data) {
  const lock = join(data, 'postmaster.pid');
  if (existsSync(lock) && isZombie(Number.parseInt(readFileSync(lock, 'utf8'), 10))) rmSync(lock);
}

function settings({ port }) {
  const values = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: MAX_CONNECTIONS,
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

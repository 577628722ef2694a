/** What the services need from the machine, how it is found, and how Debian calls it. */
import { spawnSync } from 'node:child_process';
import { say } from '../launch/paths.mjs';
import { findPostgres, postgresUser } from './postgres-programs.mjs';
import { find, runTool } from './tools.mjs';

const MIN_JAVA = 17;
const MIN_GO = [1, 25];

/** `cure` is for what apt-get cannot bring. */
const REQUIREMENTS = {
  java: {
    missing: () => (javaVersion() >= MIN_JAVA ? null : `Java ${MIN_JAVA} or newer (java)`),
    packages: ['default-jre-headless'],
    for: 'Kafka',
  },
  maven: {
    missing: () => (find('mvn') ? null : 'Maven (mvn)'),
    packages: ['maven'],
    for: 'fetching Kafka',
  },
  postgres: {
    missing: () =>
      findPostgres() && postgresUser() ? null : 'PostgreSQL and its user (postgres, initdb)',
    packages: ['postgresql-15'],
    for: 'PostgreSQL',
  },
  redis: {
    missing: () => (find('redis-server') ? null : 'Redis (redis-server)'),
    packages: ['redis-server'],
    for: 'Redis',
  },
  go: {
    missing: () => (isGoNewEnough() ? null : `Go ${MIN_GO.join('.')} or newer (go)`),
    packages: [],
    cure: "https://go.dev/dl, Debian 12's golang-go is too old",
    for: 'building Weaviate',
  },
  npm: {
    missing: () => (find('npm') ? null : 'npm'),
    packages: ['npm'],
    for: 'fetching the Firebase emulator',
  },
};

/**
 * Not for the services themselves: the tests look at Kafka with a client that the project did not
 * write, and run the examples.
 */
const TEST_TOOLS = { kcat: ['kcat'], jq: ['jq'] };

/** One plain line for each thing that is missing; none: everything is there. */
export function missingLines(names) {
  return missing(names).map(({ what, packages, cure, for: purpose }) => {
    const how = packages.length > 0 ? `apt-get install -y ${packages.join(' ')}` : cure;
    return `missing: ${what}, for ${purpose}: ${how}`;
  });
}

/** As root on Debian. What apt-get cannot bring is still missing afterwards. */
export async function installMissing(names, { signal }) {
  const tools = Object.entries(TEST_TOOLS).filter(([program]) => find(program) === null);
  const packages = [
    ...missing(names).flatMap((one) => one.packages),
    ...tools.flatMap(([, some]) => some),
  ];
  if (packages.length === 0) return;
  if (find('apt-get') === null || process.getuid() !== 0)
    throw new Error('--install needs apt-get, and root');
  say(`installing ${packages.join(' ')} …`);
  // Run level 1: a package that is a server must not start one of its own.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  await runTool('apt-get', ['update', '-qq'], { env, signal });
  await runTool(
    'apt-get',
    ['install', '-y', '-qq', '--no-install-recommends', ...new Set(packages)],
    { env, signal },
  );
}

function missing(names) {
  return [...new Set(names)]
    .map((name) => ({ ...REQUIREMENTS[name], what: REQUIREMENTS[name].missing() }))
    .filter(({ what }) => what !== null);
}

function javaVersion() {
  return Number(/version "(\d+)/.exec(ask('java', '-version'))?.[1] ?? 0);
}

function isGoNewEnough() {
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(ask('go', 'env', 'GOVERSION')) ?? [];
  return Number(major) > MIN_GO[0] || (Number(major) === MIN_GO[0] && Number(minor) >= MIN_GO[1]);
}

function ask(program, ...args) {
  const path = find(program);
  if (path === null) return '';
  const { stdout, stderr } = spawnSync(path, args, { encoding: 'utf8' });
  return `${stdout}${stderr}`;
}

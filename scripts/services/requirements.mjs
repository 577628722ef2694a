/** What the services need from the machine, how to find it, and its Debian packages. */
import { spawnSync } from 'node:child_process';
import { say } from '../launch/paths.mjs';
import { findPostgres, postgresUser } from './postgres-programs.mjs';
import { find, runTool } from './tools.mjs';

const MIN_JAVA = 17;
const MIN_GO = [1, 25];

/** `source` says where to get what apt-get cannot install. */
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
    source: "https://go.dev/dl, Debian 12's golang-go is too old",
    for: 'building Weaviate',
  },
  npm: {
    missing: () => (find('npm') ? null : 'npm'),
    packages: ['npm'],
    for: 'fetching the Firebase emulator',
  },
};

/** Programs of the tests: a Kafka client that the project did not write, and what examples use. */
const TEST_TOOLS = { kcat: ['kcat'], jq: ['jq'] };

/** Returns one line for each missing requirement. */
export function missingLines(names) {
  return missing(names).map(({ what, packages, source, for: purpose }) => {
    const how = packages.length > 0 ? `apt-get install -y ${packages.join(' ')}` : source;
    return `missing: ${what}, for ${purpose}: ${how}`;
  });
}

/** Installs with apt-get, as root; what apt-get does not have stays missing. */
export async function installMissing(names, { signal }) {
  const tools = Object.entries(TEST_TOOLS).filter(([program]) => find(program) === null);
  const packages = [
    ...missing(names).flatMap((requirement) => requirement.packages),
    ...tools.flatMap(([, toolPackages]) => toolPackages),
  ];
  if (packages.length === 0) return;
  if (find('apt-get') === null || process.getuid() !== 0)
    throw new Error('--install needs apt-get and root; install the packages yourself');
  say(`installing ${packages.join(' ')} …`);
  // Run level 1 keeps the package of a server from starting it.
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
  return Number(/version "(\d+)/.exec(outputOf('java', '-version'))?.[1] ?? 0);
}

function isGoNewEnough() {
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(outputOf('go', 'env', 'GOVERSION')) ?? [];
  return Number(major) > MIN_GO[0] || (Number(major) === MIN_GO[0] && Number(minor) >= MIN_GO[1]);
}

function outputOf(program, ...args) {
  const path = find(program);
  if (path === null) return '';
  const { stdout, stderr } = spawnSync(path, args, { encoding: 'utf8' });
  return `${stdout}${stderr}`;
}

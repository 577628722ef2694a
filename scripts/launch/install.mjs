import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { alsoHeldBy } from './lock.mjs';
import { PROJECT_NODE, inProject, say } from './paths.mjs';
import { runInstaller } from './processes.mjs';

const LOCK = inProject('package-lock.json');
const NPX = process.platform === 'win32' ? 'npx.cmd' : 'npx';
const STAMP = inProject('node_modules/.docstream-installed');
/** The file that npm writes when an install is complete, and only then. */
const INSTALLED = inProject('node_modules/.package-lock.json');

/**
 * Installs what package-lock.json names. Takes milliseconds and no network if node_modules is up to
 * date. Returns false if the install failed.
 */
export async function ensureInstalled() {
  const wanted = hashOf(LOCK);
  if (existsSync(PROJECT_NODE) && read(STAMP) === wanted) return true;
  if (!(existsSync(PROJECT_NODE) && isInstalledByNpm()) && !(await install())) return false;
  writeFileSync(STAMP, wanted);
  return true;
}

/** Returns true if a person has installed everything with `npm ci` or `npm install PACKAGE`. */
function isInstalledByNpm() {
  const installed = read(INSTALLED);
  if (installed === null) return false;
  const found = JSON.parse(installed).packages;
  const machine = thisMachine();
  return Object.entries(JSON.parse(readFileSync(LOCK, 'utf8')).packages).every(
    ([path, entry]) =>
      path === '' || found[path]?.version === entry.version || !isFor(machine, entry),
  );
}

function thisMachine() {
  if (process.platform !== 'linux') return { os: process.platform, cpu: process.arch };
  const isGlibc = process.report.getReport().header.glibcVersionRuntime !== undefined;
  return { os: process.platform, cpu: process.arch, libc: isGlibc ? 'glibc' : 'musl' };
}

/** An optional package without a platform belongs to one that has a platform. */
function isFor(machine, entry) {
  if (entry.optional !== true) return true;
  if (entry.os === undefined) return false;
  return Object.entries(machine).every(
    ([kind, value]) => entry[kind] === undefined || entry[kind].includes(value),
  );
}

async function install() {
  say('installing packages (npx -y -p node@24 npm ci) …');
  const startedAt = Date.now();
  // An interrupted install must not pass for a complete one.
  for (const proof of [STAMP, INSTALLED]) rmSync(proof, { force: true });
  // Node 24, because npm skips optional platform packages that need a newer Node than its own.
  const code = await runInstaller(NPX, ['-y', '-p', 'node@24', 'npm', 'ci', '--loglevel=error'], {
    env: withoutProjectBin(),
    onStart: alsoHeldBy,
  });
  if (code === 0 && existsSync(PROJECT_NODE)) {
    say(`installed in ${seconds(startedAt)} s`);
    return true;
  }
  say('failed to install packages; see the lines above and check that npm reaches its registry');
  return false;
}

/** Returns the environment without node_modules/.bin in PATH: the install replaces its Node. */
function withoutProjectBin() {
  const key = Object.keys(process.env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
  const folders = (process.env[key] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.startsWith(inProject('node_modules')));
  return { ...process.env, [key]: folders.join(delimiter) };
}

export function hashOf(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

export function read(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

export function seconds(since) {
  return ((Date.now() - since) / 1000).toFixed(1);
}

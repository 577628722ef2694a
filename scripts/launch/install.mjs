import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { alsoHeldBy } from './lock.mjs';
import { PROJECT_NODE, inProject, say } from './paths.mjs';
import { runInstaller } from './processes.mjs';

const LOCK = inProject('package-lock.json');
const NPX = process.platform === 'win32' ? 'npx.cmd' : 'npx';
const STAMP = inProject('node_modules/.docstream-installed');
/** npm writes it when an install is complete, and only then. */
const INSTALLED = inProject('node_modules/.package-lock.json');

/**
 * Makes node_modules what package-lock.json says; needs no network and some milliseconds when it is
 * already.
 */
export async function ensureInstalled() {
  const wanted = hashOf(LOCK);
  if (existsSync(PROJECT_NODE) && read(STAMP) === wanted) return true;
  if (!(existsSync(PROJECT_NODE) && isInstalledByNpm()) && !(await install())) return false;
  writeFileSync(STAMP, wanted);
  return true;
}

/**
 * Somebody ran `npm ci` or `npm install PACKAGE` by hand: nothing to do, if it left out nothing.
 */
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

/** An optional package that names no platform only comes with one that does. */
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
  // What an interrupted install leaves must not pass for a complete one.
  for (const proof of [STAMP, INSTALLED]) rmSync(proof, { force: true });
  // Under Node 24, since npm skips optional platform packages that ask for a newer Node than the
  // one it runs on.
  const code = await runInstaller(NPX, ['-y', '-p', 'node@24', 'npm', 'ci', '--loglevel=error'], {
    env: withoutProjectBin(),
    onStart: alsoHeldBy,
  });
  if (code === 0 && existsSync(PROJECT_NODE)) {
    say(`installed in ${seconds(startedAt)} s`);
    return true;
  }
  say('the install failed: see the lines above; it needs the npm registry, once');
  return false;
}

/** npm put node_modules/.bin first in PATH; the Node in there is about to be replaced. */
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

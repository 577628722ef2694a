/**
 * Completes package-lock.json for every platform. A package such as @swc/core has one optional
 * package per platform, and npm omits those that the registry did not offer when npm wrote the
 * lock. `npm ci` then rejects the lock everywhere, and a Mac has no binary. The parent pins the
 * versions; the entries written here have no integrity.
 *
 *     node scripts/lock-platforms.mjs [--check]
 */
import { readFileSync, writeFileSync } from 'node:fs';

const OPERATING_SYSTEMS = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const CPUS = [
  'arm',
  'arm64',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
  'x64',
];
const EXACT_VERSION = /^\d+\.\d+\.\d+(-[\w.]+)?$/;

const lockUrl = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(lockUrl, 'utf8'));
const missing = findMissing(lock.packages);

if (missing.length === 0) process.exit(0);
if (process.argv.includes('--check')) {
  process.stderr.write(
    `package-lock.json lacks ${missing.map((entry) => entry.name).join(', ')}: run npm run lock to add them\n`,
  );
  process.exit(1);
}
addEntries(lock, missing);
writeFileSync(lockUrl, `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`added ${missing.length} packages of other platforms to package-lock.json\n`);

function findMissing(packages) {
  return Object.entries(packages).flatMap(([path, parent]) =>
    Object.entries(parent.optionalDependencies ?? {})
      .filter(([name, version]) => EXACT_VERSION.test(version) && !isLocked(packages, path, name))
      .map(([name, version]) => ({ name, version, path, parent })),
  );
}

/** Looks where Node looks: beside the parent, then in each folder above. */
function isLocked(packages, parentPath, name) {
  for (
    let folder = parentPath;
    ;
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))
  ) {
    if (`${folder === '' ? '' : `${folder}/`}node_modules/${name}` in packages) return true;
    if (folder === '') return false;
  }
}

function addEntries(target, entries) {
  for (const { name, version, path, parent } of entries) {
    const top = `node_modules/${name}`;
    target.packages[top in target.packages ? `${path}/${top}` : top] = toEntry(
      name,
      version,
      parent,
    );
  }
  const [root, ...others] = Object.entries(target.packages);
  target.packages = Object.fromEntries([
    root,
    ...others.sort(([a], [b]) => a.localeCompare(b, 'en')),
  ]);
}

/** Adds the platform marks, without which every machine would install the package. */
function toEntry(name, version, parent) {
  const words = name.replace(/^.*\//, '').split('-');
  const libc = words.some((word) => word.startsWith('musl'))
    ? ['musl']
    : words.some((word) => word.startsWith('gnu'))
      ? ['glibc']
      : [];
  return {
    version,
    ...unlessEmpty(
      'cpu',
      CPUS.filter((cpu) => words.includes(cpu)),
    ),
    ...(parent.dev ? { dev: true } : {}),
    ...unlessEmpty('libc', libc),
    license: parent.license,
    optional: true,
    ...unlessEmpty(
      'os',
      OPERATING_SYSTEMS.filter((os) => words.includes(os)),
    ),
  };
}

function unlessEmpty(key, values) {
  return values.length === 0 ? {} : { [key]: values };
}

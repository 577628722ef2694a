import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { read, seconds } from './install.mjs';
import { PROJECT_NODE, inProject, say } from './paths.mjs';
import { run } from './processes.mjs';

const SHARED_INPUTS = ['package-lock.json', 'scripts/launch/build.mjs'];

/**
 * A stamp holds the hash of what its part was built from; it is removed before a build and written
 * after, so an interrupted build has none.
 */
const PARTS = {
  server: {
    inputs: ['src', 'consumers', 'tsconfig.json'],
    entry: 'src',
    stamp: 'dist/.server-stamp',
    command: [
      'node_modules/typescript/bin/tsc',
      '-p',
      'tsconfig.json',
      '--noEmitOnError',
      '--incremental',
      '--tsBuildInfoFile',
      'dist/.tsbuildinfo',
    ],
    afterwards: removeOrphans,
  },
  page: {
    inputs: ['web', 'schema.graphql'],
    entry: 'web/vite.config.ts',
    stamp: 'dist/.page-stamp',
    command: [
      'node_modules/vite/bin/vite.js',
      'build',
      '--config',
      'web/vite.config.ts',
      '--logLevel',
      'warn',
    ],
  },
};

/** Builds the named parts side by side, those whose sources changed. */
export async function ensureBuilt(names) {
  const parts = names
    .map((name) => ({ name, ...PARTS[name] }))
    .filter((part) => existsSync(inProject(part.entry)));
  const stale = parts
    .map((part) => ({ ...part, hash: hashOfInputs(part) }))
    .filter((part) => read(inProject(part.stamp)) !== part.hash);
  if (stale.length === 0) return true;
  say(`building ${stale.map((part) => part.name).join(' and ')} …`);
  const startedAt = Date.now();
  const built = await Promise.all(stale.map(build));
  if (built.every(Boolean)) say(`built in ${seconds(startedAt)} s`);
  return built.every(Boolean);
}

async function build(part) {
  mkdirSync(inProject('dist'), { recursive: true });
  rmSync(inProject(part.stamp), { force: true });
  const code = await run(PROJECT_NODE, part.command);
  if (code !== 0) {
    say(`the build of the ${part.name} failed`);
    return false;
  }
  part.afterwards?.();
  writeFileSync(inProject(part.stamp), part.hash);
  return true;
}

/** tsc leaves what it once made of a source that is gone: a migration among it would still run. */
function removeOrphans() {
  for (const file of filesIn('dist/src')) {
    const source = file.slice('dist/'.length).replace(/\.js(\.map)?$/, '.ts');
    if (!existsSync(inProject(source))) rmSync(inProject(file));
  }
}

/** Contents, not times: a switch of branches and back builds nothing. */
function hashOfInputs(part) {
  const hash = createHash('sha256');
  for (const file of [...SHARED_INPUTS, ...part.inputs].flatMap(filesIn))
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(inProject(file)));
  return hash.digest('hex');
}

function filesIn(path) {
  if (!existsSync(inProject(path))) return [];
  const entries = readEntries(path);
  if (entries === null) return [path];
  return entries
    .sort()
    .flatMap((name) => (name === 'node_modules' ? [] : filesIn(join(path, name))));
}

function readEntries(path) {
  try {
    return readdirSync(inProject(path));
  } catch (error) {
    if (error.code === 'ENOTDIR') return null;
    throw error;
  }
}

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { read, seconds } from './install.mjs';
import { PROJECT_NODE, inProject, say } from './paths.mjs';
import { run } from './processes.mjs';

const SHARED_INPUTS = ['package-lock.json', 'scripts/launch/build.mjs'];

/**
 * Build targets. A stamp holds the hash of the inputs of its target. It is removed before a build
 * and written after it, so an interrupted build leaves none.
 */
const TARGETS = {
  server: {
    inputs: ['src', 'consumers', 'tsconfig.json'],
    entry: 'src',
    stamp: 'dist/.server-stamp',
    command: [
      'node_modules/typescript-native/bin/tsc',
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

/**
 * Builds the named targets whose inputs changed, side by side. Returns false if a build failed.
 */
export async function ensureBuilt(names) {
  const targets = names
    .map((name) => ({ name, ...TARGETS[name] }))
    .filter((target) => existsSync(inProject(target.entry)));
  const stale = targets
    .map((target) => ({ ...target, hash: hashOfInputs(target) }))
    .filter((target) => read(inProject(target.stamp)) !== target.hash);
  if (stale.length === 0) return true;
  say(`building ${stale.map((target) => target.name).join(' and ')} …`);
  const startedAt = Date.now();
  const built = await Promise.all(stale.map(build));
  if (built.every(Boolean)) say(`built in ${seconds(startedAt)} s`);
  return built.every(Boolean);
}

async function build(target) {
  mkdirSync(inProject('dist'), { recursive: true });
  rmSync(inProject(target.stamp), { force: true });
  const code = await run(PROJECT_NODE, target.command);
  if (code !== 0) {
    say(`failed to build the ${target.name}; see the lines above`);
    return false;
  }
  target.afterwards?.();
  writeFileSync(inProject(target.stamp), target.hash);
  return true;
}

/**
 * Removes the output of deleted sources, which tsc keeps: a deleted migration would still run.
 */
function removeOrphans() {
  for (const file of filesIn('dist/src')) {
    const source = file.slice('dist/'.length).replace(/\.js(\.map)?$/, '.ts');
    if (!existsSync(inProject(source))) rmSync(inProject(file));
  }
}

/** Hashes contents, not times, so that switching branches and back builds nothing. */
function hashOfInputs(target) {
  const hash = createHash('sha256');
  for (const file of [...SHARED_INPUTS, ...target.inputs].flatMap(filesIn))
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

/**
 * Compiles the server for `npm run dev` with swc, file by file and without types, into a build of
 * its own: the stamp of `npm run build` stays true.
 */
import { transform } from '@swc/core';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { inProject } from '../launch/paths.mjs';
import { SWC_OPTIONS } from '../launch/swc-options.mjs';

/** Folders of sources, in the project. */
export const SOURCES = ['src', 'consumers'];
const BUILD = 'dist/dev';
export const ENTRY = `${BUILD}/src/main.js`;

/** The compiler keeps the errors of each file until the file compiles or is deleted. */
export function createCompiler() {
  const errors = new Map();
  const outputs = new Map();

  /** Compiles or removes these files; returns true if the build changed. */
  async function update(files) {
    const changes = await Promise.all(files.filter(isSource).map(updateOne));
    return changes.some(Boolean);
  }

  async function updateOne(file) {
    errors.delete(file);
    const target = outputOf(file);
    if (!existsSync(file)) {
      await rm(target, { force: true });
      return outputs.delete(file);
    }
    try {
      const { code } = await transform(await readFile(file, 'utf8'), toOptions(file));
      if (outputs.get(file) === code) return false;
      outputs.set(file, code);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, code);
      return true;
    } catch (error) {
      errors.set(file, error.message);
      return false;
    }
  }

  return {
    async compileAll() {
      for (const folder of SOURCES)
        await rm(inProject(`${BUILD}/${folder}`), { recursive: true, force: true });
      await update((await Promise.all(SOURCES.map(filesIn))).flat());
    },
    update,
    errors: () => [...errors.values()],
  };
}

/** Returns true for a TypeScript file of the server. */
export function isSource(file) {
  const path = relative(inProject('.'), file);
  return path.endsWith('.ts') && SOURCES.some((folder) => path.startsWith(folder));
}

async function filesIn(folder) {
  const names = await readdir(inProject(folder), { recursive: true });
  return names.map((name) => join(inProject(folder), name)).filter(isSource);
}

function outputOf(file) {
  const path = relative(inProject('.'), file).replace(/\.ts$/, '.js');
  return join(inProject(BUILD), path);
}

function toOptions(filename) {
  return { ...SWC_OPTIONS, filename, swcrc: false, configFile: false };
}

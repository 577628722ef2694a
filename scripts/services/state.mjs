/**
 * state.json holds the ports, secrets, process and log of each service ever started in this folder.
 * services.env holds the variables of those that are up, for `node --env-file`, shells and tests.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { inFolder } from './folders.mjs';

/** The mode of both files, because they hold passwords. */
const OWNER_ONLY = 0o600;

export function openState(folder) {
  const file = inFolder.state(folder);
  const services = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).services : {};
  const save = () => {
    mkdirSync(folder, { recursive: true });
    writeWhole(file, `${JSON.stringify({ services }, null, 2)}\n`);
  };
  return {
    services,
    set(name, changed) {
      services[name] = { ...services[name], ...changed };
      save();
    },
    forget(name) {
      delete services[name];
      if (Object.keys(services).length > 0) save();
      else rmSync(file, { force: true });
    },
  };
}

export function writeVariables(folder, variables) {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  if (lines.length === 0) rmSync(inFolder.variables(folder), { force: true });
  else writeWhole(inFolder.variables(folder), lines.join(''));
}

/** Replaces a file at once: a reader sees the old file or the new one. */
function writeWhole(file, text) {
  const draft = `${file}.${process.pid}.draft`;
  writeFileSync(draft, text, { mode: OWNER_ONLY });
  renameSync(draft, file);
}

/**
 * Where the services live: outside the checkout, so that a fresh clone finds what an older one has
 * built.
 */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** What was fetched and built: by version, so that an old one is never taken for a new one. */
export function cacheFolder(env = process.env) {
  return resolve(
    env.DOCSTREAM_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'docstream'),
  );
}

/** Data, logs and state of one set of services. */
export function runFolder(folder) {
  return resolve(folder ?? join(cacheFolder(), 'services', 'run'));
}

export const inFolder = {
  state: (folder) => join(folder, 'state.json'),
  variables: (folder) => join(folder, 'services.env'),
  log: (folder, name) => join(folder, 'logs', `${name}.log`),
  data: (folder, name) => join(folder, name),
};

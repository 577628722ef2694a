/**
 * The folders of the services, outside the checkout, so that a fresh clone finds earlier builds.
 */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Returns the folder of downloads and builds, whose names contain their versions. */
export function cacheFolder(env = process.env) {
  return resolve(
    env.DOCSTREAM_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'docstream'),
  );
}

/** Returns the folder with the data, logs and state of one set of services. */
export function runFolder(folder) {
  return resolve(folder ?? join(cacheFolder(), 'services', 'run'));
}

export const inFolder = {
  state: (folder) => join(folder, 'state.json'),
  variables: (folder) => join(folder, 'services.env'),
  log: (folder, name) => join(folder, 'logs', `${name}.log`),
  data: (folder, name) => join(folder, name),
};

import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { say } from '../launch/paths.mjs';
import { withLock } from './lock.mjs';

export function isCached(cache, name) {
  return existsSync(join(cache, name));
}

/**
 * Returns the folder `name` of the cache, which `build` creates if it does not exist. An
 * interrupted build leaves a draft, never the folder.
 */
export async function cached({ cache, name, doing, build }) {
  const target = join(cache, name);
  if (existsSync(target)) return target;
  return withLock(target, async () => {
    if (existsSync(target)) return target;
    say(`${doing} …`);
    const startedAt = Date.now();
    const draft = `${target}.draft`;
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true });
    await build(draft);
    await rename(draft, target);
    say(`${name} is ready after ${Math.round((Date.now() - startedAt) / 1000)} s`);
    return target;
  });
}

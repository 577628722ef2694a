/**
 * The services. Each one names what it needs from the machine, prepares what can be cached,
 * initialises its data (idempotently), names its command, checks whether it is ready, and names the
 * variables that lead to it. Their functions receive `{ cache, folder, ports, secrets, signal }`.
 */
import { cohere } from './cohere.mjs';
import { firebase } from './firebase.mjs';
import { kafka } from './kafka.mjs';
import { inFolder } from './folders.mjs';
import { postgres } from './postgres.mjs';
import { redis } from './redis.mjs';
import { weaviate } from './weaviate.mjs';

const GRACE_MS = 20_000;

const DEFAULTS = {
  makeSecrets: () => ({}),
  stopSignal: 'SIGTERM',
  graceMs: GRACE_MS,
  dataFolders: ({ folder }, name) => [inFolder.data(folder, name)],
};

export const SERVICES = Object.fromEntries(
  [kafka, postgres, redis, weaviate, firebase, cohere].map((service) => [
    service.name,
    { ...DEFAULTS, ...service },
  ]),
);

/** Returns the named services, or all if no name is given. Throws if a name is unknown. */
export function toServices(names) {
  const unknown = names.filter((name) => !Object.hasOwn(SERVICES, name));
  if (unknown.length > 0)
    throw new Error(
      `unknown service ${unknown.join(', ')}; use ${Object.keys(SERVICES).join(', ')}`,
    );
  return (names.length === 0 ? Object.keys(SERVICES) : [...new Set(names)]).map(
    (name) => SERVICES[name],
  );
}

/**
 * The services. Each one says what it needs of the machine, prepares what can be cached,
 * initialises its data (again and again without harm), names its command, tells whether it really
 * answers, and which variables lead to it. They get `{ cache, folder, ports, secrets, signal }`.
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

/** Throws for a name that there is not. None: all. */
export function toServices(names) {
  const unknown = names.filter((name) => !Object.hasOwn(SERVICES, name));
  if (unknown.length > 0)
    throw new Error(
      `there is no service ${unknown.join(', ')}; there are ${Object.keys(SERVICES).join(', ')}`,
    );
  return (names.length === 0 ? Object.keys(SERVICES) : [...new Set(names)]).map(
    (name) => SERVICES[name],
  );
}

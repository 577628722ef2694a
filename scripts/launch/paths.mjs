import { fileURLToPath } from 'node:url';

const PROJECT = new URL('../../', import.meta.url);

export function inProject(path) {
  return fileURLToPath(new URL(path, PROJECT));
}

/** Node 24 of the npm package `node`. The Node of the machine only has to run this launcher. */
export const PROJECT_NODE = inProject(
  process.platform === 'win32' ? 'node_modules/node/bin/node.exe' : 'node_modules/node/bin/node',
);

export function say(line) {
  // To stderr, because `npm run schema > schema.graphql` must contain the schema only.
  process.stderr.write(`docstream: ${line}\n`);
}

import { fileURLToPath } from 'node:url';

const PROJECT = new URL('../../', import.meta.url);

export function inProject(path) {
  return fileURLToPath(new URL(path, PROJECT));
}

/** The npm package `node` brings Node 24; the machine's own only has to run this launcher. */
export const PROJECT_NODE = inProject(
  process.platform === 'win32' ? 'node_modules/node/bin/node.exe' : 'node_modules/node/bin/node',
);

export function say(line) {
  // Not to stdout: `npm run schema > schema.graphql` must hold the schema only.
  process.stderr.write(`docstream: ${line}\n`);
}

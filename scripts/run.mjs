/**
 * What every npm script runs: installs and builds when needed, then runs the wanted task with the
 * Node that the project brings. Plain JavaScript without dependencies: it must run on Node 20
 * before anything is installed.
 */
import { existsSync } from 'node:fs';
import { ensureBuilt } from './launch/build.mjs';
import { ensureInstalled } from './launch/install.mjs';
import { withLock } from './launch/lock.mjs';
import { PROJECT_NODE, inProject } from './launch/paths.mjs';
import { run, serve } from './launch/processes.mjs';

const EVERYTHING = ['server', 'page'];
const SOURCE_MAPS = '--enable-source-maps';
// Jest loads ES modules through node:vm, which Node still calls experimental.
const JEST = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  inProject('node_modules/jest/bin/jest.js'),
];

/**
 * `build`: what must be built before; `serves`: a process of the product, told when this launcher
 * dies.
 */
const TASKS = {
  start: { build: EVERYTHING, serves: true, node: [SOURCE_MAPS, 'dist/src/main.js'] },
  worker: {
    build: ['server'],
    serves: true,
    node: [SOURCE_MAPS, 'dist/consumers/vectorize-documents.js'],
  },
  relay: { build: ['server'], serves: true, node: [SOURCE_MAPS, 'dist/consumers/relay-outbox.js'] },
  rebuild: { build: ['server'], serves: true, node: [SOURCE_MAPS, 'dist/src/rebuild.js'] },
  test: { build: EVERYTHING, node: JEST },
  'test:cluster': {
    build: EVERYTHING,
    node: [...JEST, '--selectProjects', 'integration', 'cluster'],
  },
  check: { build: [], node: ['scripts/check.mjs'] },
  bench: {
    build: EVERYTHING,
    node: ['--import=./test/bench/typescript-imports.mjs', 'test/bench/main.ts'],
  },
  fuzz: {
    build: EVERYTHING,
    node: ['--import=./test/bench/typescript-imports.mjs', 'test/fuzz/main.ts'],
  },
  build: { build: EVERYTHING, node: null },
  format: {
    build: [],
    node: [
      inProject('node_modules/prettier/bin/prettier.cjs'),
      '--write',
      '--log-level',
      'warn',
      '.',
    ],
  },
  codegen: { build: [], node: [inProject('node_modules/@graphql-codegen/cli/cjs/bin.js')] },
  'public-names': { build: [], node: ['scripts/public-names.mjs'] },
  schema: { build: ['server'], node: ['dist/src/api/graphql/print-schema.js'] },
};

const [name = '', ...rest] = process.argv.slice(2);
process.exitCode = await main(name, rest);

async function main(taskName, taskArguments) {
  const task = Object.hasOwn(TASKS, taskName) ? TASKS[taskName] : undefined;
  if (task === undefined)
    return refuse(`There is no task "${taskName}". Tasks: ${Object.keys(TASKS).join(', ')}.`);
  process.chdir(inProject('.'));
  const ready = await withLock(() => prepare(task));
  if (!ready) return 1;
  if (task.node === null) return 0;
  const script = task.node.find((argument) => !argument.startsWith('-'));
  if (!existsSync(script))
    return refuse(`${script} does not exist: "npm run ${taskName}" has nothing to run.`);
  return (task.serves ? serve : run)(PROJECT_NODE, [...task.node, ...taskArguments]);
}

async function prepare(task) {
  return (await ensureInstalled()) && (await ensureBuilt(task.build));
}

function refuse(reason) {
  process.stderr.write(`${reason}\n`);
  return 1;
}

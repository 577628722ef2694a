/**
 * The entry of every npm script: installs and builds what the task needs, then runs the task with
 * the Node in node_modules. Plain JavaScript without dependencies, because it must run on Node 20
 * before anything is installed.
 */
import { existsSync } from 'node:fs';
import { ensureBuilt } from './launch/build.mjs';
import { targetsOfTests } from './launch/chosen-tests.mjs';
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
 * `build`: targets to build first, or a function from the task's arguments to them; `serves`: a
 * long-running process, which ends when this launcher dies.
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
  dev: { build: [], serves: true, node: ['scripts/dev.mjs'] },
  test: { build: (words) => targetsOfTests(JEST, words), node: JEST },
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
    return refuse(`Unknown task "${taskName}". Use one of ${Object.keys(TASKS).join(', ')}.`);
  process.chdir(inProject('.'));
  const ready = await withLock(() => prepare(task, taskArguments));
  if (!ready) return 1;
  if (task.node === null) return 0;
  const script = task.node.find((argument) => !argument.startsWith('-'));
  if (!existsSync(script))
    return refuse(`${script} does not exist; restore it to use "npm run ${taskName}".`);
  return (task.serves ? serve : run)(PROJECT_NODE, [...task.node, ...taskArguments]);
}

async function prepare({ build }, taskArguments) {
  if (!(await ensureInstalled())) return false;
  return ensureBuilt(typeof build === 'function' ? build(taskArguments) : build);
}

function refuse(reason) {
  process.stderr.write(`${reason}\n`);
  return 1;
}

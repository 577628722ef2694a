/**
 * npm run check: every check that needs neither a build nor a running product, in under a minute.
 * The unit tests run only when named, because `npm test` runs them.
 *
 *     npm run check [-- --json FILE] [-- NAME ...]
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';

const CACHE = 'node_modules/.cache';
const AT_ONCE = 2;

const tool = (path) => `node_modules/${path}`;
const tsc = (project, name) => [
  // The native compiler takes a quarter of the time. ESLint still needs the one in JavaScript.
  tool('typescript-native/bin/tsc'),
  '-p',
  project,
  '--noEmit',
  '--incremental',
  '--tsBuildInfoFile',
  `${CACHE}/tsc-${name}.json`,
];

/** The checks in the order of their start: the longest first. */
const CHECKS = [
  // Without ESLint's cache, which does not know that rules with types depend on other files too.
  { name: 'lint', command: [tool('eslint/bin/eslint.js'), '.', '--max-warnings', '0'] },
  { name: 'types of the server', command: tsc('tsconfig.json', 'server') },
  {
    name: 'types of the page',
    command: tsc('web/tsconfig.json', 'page'),
    needs: 'web/tsconfig.json',
  },
  { name: 'types of the tests', command: tsc('test/tsconfig.json', 'tests') },
  { name: 'types of the examples', command: tsc('examples/tsconfig.json', 'examples') },
  {
    name: 'unit tests',
    onlyByName: true,
    command: [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      tool('jest/bin/jest.js'),
      '--selectProjects',
      'unit',
      '--silent',
    ],
  },
  {
    name: 'unused code',
    command: [tool('knip/bin/knip.js'), '--cache', '--cache-location', `${CACHE}/knip`],
  },
  {
    name: 'import rules',
    command: [
      tool('dependency-cruiser/bin/dependency-cruiser.mjs'),
      '--config',
      '.dependency-cruiser.cjs',
      ...['src', 'consumers', 'web/src'].filter((path) => existsSync(path)),
    ],
  },
  {
    name: 'generated code',
    command: [tool('@graphql-codegen/cli/cjs/bin.js'), '--check', '--errors-only'],
    needs: 'codegen.ts',
  },
  {
    name: 'format',
    command: [
      tool('prettier/bin/prettier.cjs'),
      '--check',
      '--cache',
      '--cache-location',
      `${CACHE}/prettier/.prettier-cache`,
      '--log-level',
      'warn',
      '.',
    ],
  },
  { name: 'prose', command: [tool('markdownlint-cli2/markdownlint-cli2-bin.mjs')] },
  { name: 'lock file', command: ['scripts/lock-platforms.mjs', '--check'] },
  { name: 'retired words', command: ['scripts/retired-words.mjs'] },
];

const { jsonFile, names } = parseArguments(process.argv.slice(2));
const chosen = CHECKS.filter(
  (check) =>
    (names.length === 0 ? check.onlyByName !== true : names.includes(check.name)) &&
    (check.needs === undefined || existsSync(check.needs)),
);
mkdirSync(CACHE, { recursive: true });

const startedAt = Date.now();
const results = await runAll(chosen);
const failed = results.filter((result) => !result.ok);

for (const { name, output } of failed)
  process.stdout.write(
    `\n── ${name} ${'─'.repeat(Math.max(0, 100 - name.length))}\n${output.trim()}\n`,
  );
process.stdout.write(
  `\n${results.length - failed.length} of ${results.length} checks passed in ${seconds(startedAt)} s\n`,
);
if (jsonFile !== undefined)
  writeFileSync(
    jsonFile,
    JSON.stringify({ passed: results.length - failed.length, failed: failed.length }),
  );
process.exitCode = failed.length === 0 && results.length > 0 ? 0 : 1;

async function runAll(checks) {
  const waiting = [...checks];
  const finished = [];
  async function runNext() {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift())
      finished.push(await runOne(check));
  }
  await Promise.all(Array.from({ length: AT_ONCE }, runNext));
  return finished;
}

async function runOne({ name, command }) {
  const begunAt = Date.now();
  const { code, output } = await capture(command);
  process.stdout.write(
    `${code === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(22)} ${seconds(begunAt).padStart(5)} s\n`,
  );
  return { name, output, ok: code === 0 };
}

function capture(command) {
  const child = spawn(process.execPath, command, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, FORCE_COLOR: '0' },
  });
  const output = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => output.push(text));
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: 1, output: error.message }));
    child.once('close', (code) => resolve({ code, output: output.join('') }));
  });
}

function parseArguments(args) {
  const at = args.indexOf('--json');
  return at < 0
    ? { jsonFile: undefined, names: args }
    : { jsonFile: args[at + 1], names: args.toSpliced(at, 2) };
}

function seconds(since) {
  return ((Date.now() - since) / 1000).toFixed(1);
}

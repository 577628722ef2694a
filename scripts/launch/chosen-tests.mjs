import { spawnSync } from 'node:child_process';
import { PROJECT_NODE, inProject } from './paths.mjs';

const EVERYTHING = ['server', 'page'];

/** The first pattern that matches a test file names what must be built for it. */
const NEEDS = [
  { files: /\/test\/(unit|e2e\/dev-command)/, targets: [] },
  { files: /\/test\/(e2e|cluster)\/(page|npm)[^/]*$/, targets: EVERYTHING },
  { files: /\/test\//, targets: ['server'] },
];

/**
 * Returns the build targets that the test files need which `jest`, a command line for Node, runs
 * with these arguments. Jest itself names the files, so every way to choose them works.
 */
export function targetsOfTests(jest, jestArguments) {
  // A watching Jest runs other files later, and does not list any.
  if (jestArguments.length === 0 || jestArguments.some((word) => /^--watch/.test(word)))
    return EVERYTHING;
  const { status, stdout } = spawnSync(PROJECT_NODE, [...jest, ...jestArguments, '--listTests'], {
    cwd: inProject('.'),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (status !== 0) return EVERYTHING;
  return [...new Set(toFiles(stdout).flatMap(targetsOf))];
}

/** With --json Jest prints an array, otherwise one file a line. */
function toFiles(output) {
  return output.startsWith('[') ? JSON.parse(output) : output.split('\n').filter(Boolean);
}

function targetsOf(file) {
  const path = file.replaceAll('\\', '/');
  return NEEDS.find(({ files }) => files.test(path))?.targets ?? [];
}

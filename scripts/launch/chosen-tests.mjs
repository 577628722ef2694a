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
  const words = [...jest, ...withoutReport(jestArguments), '--listTests'];
  const { status, stdout } = spawnSync(PROJECT_NODE, words, {
    cwd: inProject('.'),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (status !== 0) return EVERYTHING;
  return [...new Set(stdout.split('\n').filter(Boolean).flatMap(targetsOf))];
}

/** Removes the options that make Jest write the list elsewhere or in another form. */
function withoutReport(jestArguments) {
  return jestArguments.filter(
    (word, index) =>
      !/^--(json|outputFile)(=|$)/.test(word) && jestArguments[index - 1] !== '--outputFile',
  );
}

function targetsOf(file) {
  const path = file.replaceAll('\\', '/');
  return NEEDS.find(({ files }) => files.test(path))?.targets ?? [];
}

/**
 * Prints `N passed, N failed` over several runs, from the JSON files of `npm run check`, Jest and
 * `npm run fuzz`. A run that failed without a failure in its file (a crash, a timeout, a failed
 * build) counts as one failure. With CI=true a skipped test counts as failed.
 *
 *     node scripts/count-results.mjs FILE EXIT_CODE [FILE EXIT_CODE ...]
 */
import { existsSync, readFileSync } from 'node:fs';

const runs = toRuns(process.argv.slice(2)).map(countRun);
const passed = sum(runs.map((run) => run.passed));
const failed = sum(runs.map((run) => run.failed));

process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

function toRuns([file, exitCode, ...rest]) {
  return file === undefined ? [] : [{ file, exitCode: Number(exitCode) }, ...toRuns(rest)];
}

function countRun({ file, exitCode }) {
  const { passed, failed } = existsSync(file)
    ? toCounts(JSON.parse(readFileSync(file, 'utf8')))
    : { passed: 0, failed: 0 };
  return { passed, failed: exitCode !== 0 && failed === 0 ? 1 : failed };
}

/** Counts a test file that could not run as failed, although Jest reports no failed test in it. */
function toCounts(result) {
  if (result.numTotalTests === undefined) return { passed: result.passed, failed: result.failed };
  const leftOut = process.env.CI === 'true' ? result.numPendingTests + result.numTodoTests : 0;
  return {
    passed: result.numPassedTests,
    failed: result.numFailedTests + result.numRuntimeErrorTestSuites + leftOut,
  };
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
const SCRIPT = `
  import { targetsOfTests } from './scripts/launch/chosen-tests.mjs';
  const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js'];
  process.stdout.write(JSON.stringify(targetsOfTests(jest, process.argv.slice(1))));`;

async function targetsOf(words: string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', SCRIPT, '--', ...words],
    { cwd: PROJECT },
  );
  return JSON.parse(stdout);
}

describe('the build that `npm test` needs', () => {
  it.each([
    { words: [], targets: ['server', 'page'] },
    { words: ['--watch', 'test/unit/status'], targets: ['server', 'page'] },
    { words: ['test/unit/status', '--verbose'], targets: [] },
    { words: ['--selectProjects', 'unit', '--json'], targets: [] },
    { words: ['test/contract/identity', 'test/unit/status'], targets: ['server'] },
    { words: ['-t', 'page', 'test/e2e/clients'], targets: ['server'] },
    { words: ['test/e2e/page-broken'], targets: ['server', 'page'] },
    {
      words: ['--runTestsByPath', 'test/cluster/page-firebase.test.ts'],
      targets: ['server', 'page'],
    },
    { words: ['no/such/file'], targets: [] },
    { words: ['--json', '--outputFile=/tmp/result.json'], targets: ['server', 'page'] },
    { words: ['--json', '--outputFile', '/tmp/result.json', 'test/unit/status'], targets: [] },
  ])('is $targets for $words', async ({ words, targets }) => {
    expect(await targetsOf(words)).toEqual(targets);
  });
});

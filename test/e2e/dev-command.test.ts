/** `npm run dev` on a copy of the sources, which the test changes. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startCohereStandIn, type CohereStandIn } from '../support/cohere-stand-in/start.js';
import { freePort } from '../support/product.js';
import { eventually, within } from '../support/wait.js';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
const COPIED = [
  'consumers',
  'package-lock.json',
  'package.json',
  'schema.graphql',
  'scripts',
  'src',
  'web',
];
const START_MS = 60_000;
const END_MS = 15_000;

let folder: string;
let url: string;
let child: ChildProcess;
let cohere: CohereStandIn;
let output: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docstream-dev-'));
  for (const path of COPIED) await cp(join(PROJECT, path), join(folder, path), { recursive: true });
  await symlink(join(PROJECT, 'node_modules'), join(folder, 'node_modules'));
  // A server that loads no model starts sooner.
  cohere = await startCohereStandIn();
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  output = [];
  child = spawn('npm', ['run', 'dev'], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      HOME: tmpdir(),
      npm_config_update_notifier: 'false',
      npm_config_logs_max: '0',
      PORT: String(port),
      COHERE_API_KEY: cohere.apiKey,
      COHERE_BASE_URL: cohere.url,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => output.push(text));
  await untilPrinted(`docstream is ready at ${url} `);
});
afterAll(async () => {
  for (const pid of await processesOfCopy()) process.kill(pid, 'SIGKILL');
  await cohere.stop();
  await rm(folder, { recursive: true, force: true });
});

function untilPrinted(text: string): Promise<unknown> {
  return eventually(() => output.join('').includes(text), {
    timeoutMs: START_MS,
    what: `the line "${text}"`,
  }).catch((error: unknown) => {
    throw new Error(output.join(''), { cause: error });
  });
}

async function processesOfCopy(): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,args=']);
  return stdout
    .split('\n')
    .filter((line) => line.includes(folder))
    .map((line) => Number.parseInt(line, 10));
}

/** Saves the entry of the server with one more statement at its end. */
async function saveEntry(statement: string): Promise<void> {
  const original = await readFile(join(PROJECT, 'src/main.ts'), 'utf8');
  await writeFile(join(folder, 'src/main.ts'), `${original}\n${statement}\n`);
}

const textOf = async (path: string) => (await fetch(`${url}${path}`)).text();

it('serves the page and the API at one address', async () => {
  expect(await textOf('/')).toContain('/@vite/client');
  expect(await textOf('/playground')).toContain('/@vite/client');
  expect(JSON.parse(await textOf('/readyz'))).toMatchObject({ status: 'ready' });
  expect(JSON.parse(await textOf('/config.json'))).toMatchObject({ identity: { kind: 'dev' } });
});

it('restarts the server with a saved change of the server', async () => {
  await saveEntry(`process.stdout.write('the first change runs');`);
  await untilPrinted('the first change runs');
});

it('keeps the server while a source does not compile, and recovers with the next save', async () => {
  await saveEntry('const = 1;');
  await untilPrinted('failed to compile the server');
  expect(JSON.parse(await textOf('/healthz'))).toEqual({ status: 'ok' });
  await saveEntry(`process.stdout.write('the second change runs');`);
  await untilPrinted('the second change runs');
});

it('reports a server that exits, and recovers with the next save', async () => {
  await saveEntry('process.exit(7);');
  await untilPrinted('the server exited with 7');
  await saveEntry(`process.stdout.write('the third change runs');`);
  await untilPrinted('the third change runs');
});

it('serves a saved change of the page', async () => {
  const page = join(folder, 'web/index.html');
  await writeFile(page, `${await readFile(page, 'utf8')}<!-- changed -->`);
  await eventually(async () => (await textOf('/')).includes('<!-- changed -->'), {
    what: 'the changed page',
  });
});

it('ends with 0 after SIGINT and leaves no process', async () => {
  const exit = within(once(child, 'exit'), END_MS, 'the end of npm');
  child.kill('SIGINT');
  expect(await exit).toEqual([0, null]);
  expect(await processesOfCopy()).toEqual([]);
});

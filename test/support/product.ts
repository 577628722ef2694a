/**
 * The build of the product as a process, on a free loopback port and its own data folder. After
 * each test file stop-products.ts stops what is still running. A product whose test process dies
 * stops automatically, because its IPC channel closes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, within } from './wait.js';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
const NODE = join(PROJECT, 'node_modules/node/bin/node');
/** The entry files of the processes. */
const ENTRIES = {
  api: 'dist/src/main.js',
  worker: 'dist/consumers/vectorize-documents.js',
  relay: 'dist/consumers/relay-outbox.js',
};
const TEMPLATES = join(PROJECT, 'node_modules/.cache/docstream-test-data');
const READY_MS = 60_000;
const STOP_MS = 30_000;

export interface ProductOptions {
  /** Added to a clean environment, without the configuration of the machine. */
  env?: Record<string, string>;
  port?: number;
  /** By default the API, which without Kafka is the whole product. */
  role?: keyof typeof ENTRIES;
  /** The state to wait for, by default `ready`. */
  until?: 'ready' | 'alive';
  /**
   * A folder of the caller, which is kept. By default a temporary one, which is removed, and where
   * the product has been started once.
   */
  dataDir?: string;
}

export interface Product {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  readonly pid: number;
  /** Resolves with the exit code of the current process, or with the signal that ended it. */
  readonly exited: Promise<number | string>;
  /** Returns all output, over all restarts. */
  logs(): string;
  /** Sends SIGTERM; rejects unless the process exits with 0. */
  stop(): Promise<void>;
  /** Sends SIGKILL, as a power failure does. */
  kill(): Promise<void>;
  /** Starts again on the same port and data folder; stops a running process first. */
  restart(env?: Record<string, string>): Promise<void>;
}

interface Run {
  child: ChildProcess;
  exited: Promise<number | string>;
  ended: boolean;
}

const cleanups = new Set<() => Promise<void>>();

/** Starts the product and waits until it is ready or alive. */
export async function startProduct(options: ProductOptions = {}): Promise<Product> {
  const port = options.port ?? (await freePort());
  const dataDir = options.dataDir ?? (await makeDataDir(options));
  const url = `http://127.0.0.1:${port}`;
  const output: string[] = [];
  let env = { PORT: String(port), DATA_DIR: dataDir, ...options.env };
  const start = () => launch(env, output, PROJECT, ENTRIES[options.role ?? 'api']);
  let run = start();

  const kill = async (): Promise<void> => {
    run.child.kill('SIGKILL');
    await run.exited;
  };
  cleanups.add(async () => {
    await kill();
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
  });
  await waitUntil(options.until ?? 'ready', url, run, output);

  const stop = async (): Promise<void> => {
    run.child.kill('SIGTERM');
    const code = await within(run.exited, STOP_MS, 'the stop of the product');
    if (code !== 0) throw new Error(`the product ended with ${code}\n${output.join('')}`);
  };
  return {
    url,
    port,
    dataDir,
    get pid() {
      return pidOf(run);
    },
    get exited() {
      return run.exited;
    },
    logs: () => output.join(''),
    stop,
    kill,
    restart: async (changed = {}) => {
      if (!run.ended) await stop();
      env = { ...env, ...changed };
      run = start();
      await waitUntil('ready', url, run, output);
    },
  };
}

/**
 * Returns a temporary folder with the empty database of a first start. Copying it takes a tenth of
 * the time that PGlite takes to create one. Only the API has a database there.
 */
async function makeDataDir({ env = {}, role = 'api' }: ProductOptions): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'docstream-test-'));
  if (role !== 'api' || env['DATABASE_URL'] !== undefined) return dataDir;
  await cp(await makeTemplate(env), dataDir, { recursive: true });
  return dataDir;
}

/** Returns the folder of a first start of this build with this embedder, made once for each. */
async function makeTemplate(env: Record<string, string>): Promise<string> {
  const build = (await readFile(join(PROJECT, 'dist/.server-stamp'), 'utf8')).slice(0, 16);
  const isLocal = env['COHERE_API_KEY'] === undefined;
  // The database names the model of its vectors.
  const model = isLocal ? 'local' : `cohere ${env['COHERE_MODEL']} ${env['COHERE_DIMENSIONS']}`;
  const template = join(TEMPLATES, `${build} ${model}`);
  if (existsSync(template)) return template;
  await mkdir(TEMPLATES, { recursive: true });
  const draft = await mkdtemp(join(TEMPLATES, 'draft-'));
  await startOnce({ ...env, DATA_DIR: draft });
  // Another test process may have made the template meanwhile.
  await rename(draft, template).catch(() => rm(draft, { recursive: true, force: true }));
  const outdated = (await readdir(TEMPLATES)).filter((name) => !/^draft-/.test(name));
  for (const name of outdated.filter((folder) => !folder.startsWith(build)))
    await rm(join(TEMPLATES, name), { recursive: true, force: true });
  return template;
}

async function startOnce(env: Record<string, string>): Promise<void> {
  const output: string[] = [];
  const port = await freePort();
  const run = launch({ ...env, PORT: String(port) }, output);
  await waitUntil('ready', `http://127.0.0.1:${port}`, run, output);
  run.child.kill('SIGTERM');
  await run.exited;
}

/** Kills all running products and removes their folders; called after each test file. */
export async function stopAllProducts(): Promise<void> {
  const pending = [...cleanups];
  cleanups.clear();
  await Promise.all(pending.map((cleanup) => cleanup()));
}

/** Returns a port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Runs a product that is expected to exit; `folder` may hold another build. */
export async function runProduct(
  env: Record<string, string>,
  folder = PROJECT,
  role: keyof typeof ENTRIES = 'api',
): Promise<{ code: number | string; output: string }> {
  const output: string[] = [];
  const run = launch(env, output, folder, ENTRIES[role]);
  cleanups.add(async () => {
    run.child.kill('SIGKILL');
    await run.exited;
  });
  const code = await within(run.exited, READY_MS, 'the end of the product');
  return { code, output: output.join('') };
}

function launch(
  env: Record<string, string>,
  output: string[],
  folder = PROJECT,
  entry = ENTRIES.api,
): Run {
  const child = spawn(NODE, ['--enable-source-maps', entry], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', TMPDIR: tmpdir(), ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => output.push(text));
  const run: Run = { child, ended: false, exited: exitOf(child) };
  void run.exited.then(() => (run.ended = true));
  return run;
}

async function exitOf(child: ChildProcess): Promise<number | string> {
  // 'close' and not 'exit', because it comes after all output was read.
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return code ?? signal ?? 'no exit code';
}

async function waitUntil(
  state: 'ready' | 'alive',
  url: string,
  run: Run,
  output: string[],
): Promise<void> {
  const path = state === 'ready' ? '/readyz' : '/healthz';
  const ready = eventually(async () => run.ended || (await fetch(`${url}${path}`)).status === 200, {
    timeoutMs: READY_MS,
    what: path,
  });
  try {
    await ready;
  } catch (error) {
    throw new Error(`the product is not ${state}\n${output.join('')}`, { cause: error });
  }
  if (run.ended)
    throw new Error(
      `the product ended with ${await run.exited} while it started\n${output.join('')}`,
    );
}

function pidOf({ child }: Run): number {
  if (child.pid === undefined) throw new Error('the product was not started');
  return child.pid;
}

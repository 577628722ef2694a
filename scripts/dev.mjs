/**
 * npm run dev: the product from its sources, at the address and with the data of `npm start`. A
 * saved change of the server restarts it; a saved change of the page appears in the open browser.
 *
 * Vite listens at the address and forwards requests of the API to the server on another port.
 */
import { existsSync } from 'node:fs';
import { createServer as createTcpServer } from 'node:net';
import { once } from 'node:events';
import { clearTimeout, setTimeout } from 'node:timers';
import { createServer } from 'vite';
import { SOURCES, createCompiler, isSource } from './dev/compile.mjs';
import { createServerProcess } from './dev/server-process.mjs';
import { inProject, say } from './launch/paths.mjs';

const DEFAULT_PORT = '4000';
const DEFAULT_HOST = '127.0.0.1';
/** Paths of the server that the configuration of the page does not forward. */
const OPERATIONS = ['/healthz', '/readyz', '/metrics'];
/** An editor writes several files at once, or one file in several steps. */
const SETTLE_MS = 30;

if (existsSync(inProject('.env'))) process.loadEnvFile(inProject('.env'));
const host = process.env.HOST || DEFAULT_HOST;
const port = Number(process.env.PORT || DEFAULT_PORT);
const serverPort = await findFreePort();
const compiler = createCompiler();
const server = createServerProcess({ port: serverPort, address: `http://${host}:${port}` });
const changedFiles = new Set();
let work = Promise.resolve();
let timer;
let page;
let isStopping = false;

stopOnSignals();
page = await openPage();
enqueue(async () => {
  await compiler.compileAll();
  await restartUnlessBroken();
});

/** The page's own configuration reads DOCSTREAM_URL. */
async function openPage() {
  process.env.DOCSTREAM_URL = `http://127.0.0.1:${serverPort}`;
  const proxy = Object.fromEntries(OPERATIONS.map((path) => [path, process.env.DOCSTREAM_URL]));
  const vite = await createServer({
    configFile: inProject('web/vite.config.ts'),
    cacheDir: inProject('dist/dev/vite'),
    clearScreen: false,
    logLevel: 'warn',
    // Vite cannot bundle a package that imports its workers with the suffix ?worker.
    optimizeDeps: {
      exclude: ['graphiql/setup-workers/vite', '@graphiql/react/setup-workers/vite'],
    },
    server: { host, port, strictPort: true, proxy },
    plugins: [{ name: 'docstream-server', configureServer: watchSources }],
  });
  try {
    return await vite.listen();
  } catch (error) {
    say(`${error.message}; stop what uses the port or set PORT to another`);
    return process.exit(1);
  }
}

function watchSources({ watcher }) {
  watcher.add(SOURCES.map(inProject));
  watcher.on('all', (_event, file) => {
    if (!isSource(file)) return;
    changedFiles.add(file);
    clearTimeout(timer);
    timer = setTimeout(() => enqueue(applyChanges), SETTLE_MS);
  });
}

async function applyChanges() {
  const files = [...changedFiles];
  changedFiles.clear();
  const isChanged = await compiler.update(files);
  if (isChanged || compiler.errors().length > 0) await restartUnlessBroken();
}

/** The old server keeps running while a source does not compile. */
async function restartUnlessBroken() {
  const errors = compiler.errors();
  if (isStopping) return;
  if (errors.length === 0) return server.restart();
  for (const error of errors) process.stderr.write(`${error}\n`);
  say('failed to compile the server; it starts after the next save that compiles');
}

/** Runs one piece of work after the other. */
function enqueue(task) {
  work = work.then(task).catch((error) => say(error.stack));
}

function stopOnSignals() {
  async function stop() {
    if (isStopping) return;
    isStopping = true;
    clearTimeout(timer);
    await work;
    await server.stop();
    await page?.close();
    process.exit(0);
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
  process.once('disconnect', stop);
}

async function findFreePort() {
  const probe = createTcpServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port: free } = probe.address();
  probe.close();
  await once(probe, 'close');
  return free;
}

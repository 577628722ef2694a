import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findLauncher, type Launcher } from '../../src/extraction/launcher.js';
import { toProgram } from '../../src/extraction/program.js';
import { CONTENT_FILE, TEXT_FILE } from '../../src/extraction/protocol.js';
import { startReaderProcess } from '../../src/extraction/reader-process.js';
import { MIB } from '../support/extraction.js';

const readerChild = new URL('../../dist/src/extraction/reader-child.js', import.meta.url).href;
const DENIED = ['ERR_ACCESS_DENIED', 'ERR_DLOPEN_DISABLED'];
const NO_LAUNCHER: Launcher = { command: [], endsWithParent: false };

let root = '';
let scripts = '';
let server: Server;
let requests = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'docstream-sandbox-'));
  scripts = await mkdtemp(join(tmpdir(), 'docstream-sandbox-scripts-'));
  server = createServer((_, response) => response.end(String((requests += 1))));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await mkdir(join(root, 'document-of-another'));
  await writeFile(join(root, 'document-of-another', CONTENT_FILE), 'hidden');
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await Promise.all([root, scripts].map((folder) => rm(folder, { recursive: true, force: true })));
});

/** Returns the outcome of each attempt, in a process that the product starts with a script. */
async function outcomesOf(
  launcher: Launcher,
  attempts: Record<string, string>,
  prelude: string,
): Promise<Record<string, string>> {
  const childPath = join(scripts, `${crypto.randomUUID()}-child.mjs`);
  await writeFile(childPath, toScript(attempts, prelude));
  const reader = startReaderProcess({
    ...toProgram(childPath),
    launcher,
    root,
    maxRssBytes: 400 * MIB,
    timeoutMs: 20_000,
  });
  const folder = await mkdtemp(join(root, 'document-'));
  await writeFile(join(folder, CONTENT_FILE), 'own');
  const limits = { maxTextChars: 1_000, maxInflatedBytes: MIB };
  try {
    await reader.read({ mimeType: 'text/plain', folder, limits }, new AbortController().signal);
    return JSON.parse(await readFile(join(folder, TEXT_FILE), 'utf8')) as Record<string, string>;
  } finally {
    await reader.kill();
  }
}

function toScript(attempts: Record<string, string>, prelude: string): string {
  const entries = Object.entries(attempts).map(
    ([name, code]) => `${JSON.stringify(name)}: async (folder) => { ${code} }`,
  );
  return `
    import fs from 'node:fs'; import net from 'node:net'; import http from 'node:http'; import https from 'node:https'; import http2 from 'node:http2';
    import tls from 'node:tls'; import dgram from 'node:dgram'; import dns from 'node:dns'; import cp from 'node:child_process'; import once from 'node:events';
    import { fileURLToPath } from 'node:url';
    ${prelude}
    process.removeAllListeners('message');
    const attempts = { ${entries.join(',\n')} };
    process.on('message', async ({ folder }) => {
      process.send({ type: 'started' });
      const outcomes = {};
      for (const [name, attempt] of Object.entries(attempts))
        outcomes[name] = await attempt(folder).then(() => 'done', (error) => error?.cause?.code ?? error?.code ?? String(error));
      fs.writeFileSync(folder + '/${TEXT_FILE}', JSON.stringify(outcomes));
      process.send({ type: 'done', rssBytes: 0 });
    });`;
}

function fileAttempts(): Record<string, string> {
  return {
    'own document': `fs.readFileSync(folder + '/${CONTENT_FILE}')`,
    'another document': `fs.readFileSync(${JSON.stringify(join(root, 'document-of-another', CONTENT_FILE))})`,
    'list of documents': `fs.readdirSync(${JSON.stringify(root)})`,
    'own environment': `fs.readFileSync('/proc/self/environ')`,
    "parent's environment": `fs.readFileSync('/proc/' + process.ppid + '/environ')`,
    'file of the system': `fs.readFileSync('/etc/passwd')`,
    'set-up of the product': `fs.readFileSync(${JSON.stringify(join(process.cwd(), 'package.json'))})`,
    'write to the program': `fs.writeFileSync(fileURLToPath(${JSON.stringify(readerChild)}), '')`,
    'write elsewhere': `fs.writeFileSync(${JSON.stringify(join(scripts, 'written'))}, '')`,
    'symbolic link': `fs.symlinkSync('/etc/passwd', folder + '/link'); fs.readFileSync(folder + '/link')`,
    program: `cp.execSync('true')`,
    'program in its place': `process.execve('/bin/true', ['true'])`,
    'signal for another process': `process.kill(process.ppid, 0)`,
    addon: `process.dlopen({ exports: {} }, folder + '/addon.node')`,
    thread: `new (await import('node:worker_threads')).Worker('0', { eval: true })`,
  };
}

function networkAttempts(): Record<string, string> {
  const { port } = server.address() as AddressInfo;
  const connected = (socket: string): string =>
    `const socket = ${socket}; await once.once(socket, 'connect'); socket.destroy()`;
  return {
    'net.connect': connected(`net.connect(${port}, '127.0.0.1')`),
    'net.Socket': connected(`new net.Socket().connect(${port}, '127.0.0.1')`),
    'tls.connect': connected(`tls.connect(${port}, '127.0.0.1')`),
    'http.get': `await once.once(http.get('http://127.0.0.1:${port}/metrics'), 'response')`,
    'https.get': `await once.once(https.get('https://127.0.0.1:${port}/metrics'), 'socket').then(([socket]) => once.once(socket, 'connect'))`,
    'http2.connect': connected(`http2.connect('http://127.0.0.1:${port}')`),
    fetch: `await fetch('http://127.0.0.1:${port}/metrics')`,
    WebSocket: `const socket = new WebSocket('ws://127.0.0.1:${port}'); await new Promise((resolve, reject) => { socket.onerror = reject; socket.onopen = resolve; })`,
    listen: `await once.once(net.createServer().listen(0), 'listening')`,
    'dns.lookup': `await new Promise((resolve, reject) => dns.lookup('localhost', (error) => error ? reject(error) : resolve()))`,
    'dns.promises': `await dns.promises.resolve('localhost')`,
    'dns.Resolver': `await new Promise((resolve, reject) => new dns.Resolver().resolve('localhost', (error) => error ? reject(error) : resolve()))`,
    dgram: `dgram.createSocket('udp4').send('x', ${port}, '127.0.0.1')`,
    'built-in module': `process.getBuiltinModule('net').connect(${port}, '127.0.0.1'); await new Promise((resolve) => setTimeout(resolve, 50))`,
  };
}

describe.each([
  ['as this platform allows', findLauncher(toProgram().readable)],
  ['as any platform allows', NO_LAUNCHER],
])('a reading process, isolated %s', (_, launcher) => {
  it('reads its document, but no other file, and starts no program and no thread', async () => {
    const outcomes = await outcomesOf(
      launcher,
      fileAttempts(),
      `await import(${JSON.stringify(readerChild)});`,
    );
    const { 'own document': own, ...others } = outcomes;
    expect(own).toBe('done');
    expect(Object.entries(others).filter(([, outcome]) => !DENIED.includes(outcome))).toEqual([]);
  });

  it('reaches no network', async () => {
    const outcomes = await outcomesOf(
      launcher,
      networkAttempts(),
      `await import(${JSON.stringify(readerChild)});`,
    );
    expect(Object.entries(outcomes).filter(([, outcome]) => !DENIED.includes(outcome))).toEqual([]);
    expect(requests).toBe(0);
  });
});

const launcher = findLauncher([]);
const withNamespace = launcher.command.some((word) => word.endsWith('unshare')) ? it : it.skip;

withNamespace(
  'denies the network with a namespace even to code that denials.ts does not reach',
  async () => {
    const { port } = server.address() as AddressInfo;
    const attempts = { connect: `await once.once(net.connect(${port}, '127.0.0.1'), 'connect')` };
    expect(await outcomesOf(NO_LAUNCHER, attempts, '')).toEqual({ connect: 'done' });
    expect(await outcomesOf(launcher, attempts, '')).not.toEqual({ connect: 'done' });
  },
);

import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeBombDocx } from '../corpus/make-bomb.js';
import { gql, subscribe, upload, waitForStatus, type UploadFile } from '../support/client.js';
import { corpus } from '../support/corpus.js';
import {
  countDocuments,
  longText,
  newUser,
  search,
  uploadCompleted,
} from '../support/documents.js';
import { runProduct, startProduct, type Product } from '../support/product.js';
import { isRunning, readersOf } from '../support/processes.js';
import { eventually, within } from '../support/wait.js';
import { take, TRANSPORTS } from '../support/watch.js';

const DETAILS = `query ($id: ID!) { document(id: $id) {
  status attempt seq vectorCount searchable progress { done total } error { code cause retryable stage } nextAttemptAt
  events { seq status previousStatus attempt error { code } }
} }`;

interface Details {
  status: string;
  attempt: number;
  seq: number;
  vectorCount: number;
  searchable: boolean;
  progress: { done: number; total: number | null };
  error: { code: string; cause: string | null; retryable: boolean; stage: string } | null;
  nextAttemptAt: string | null;
  events: {
    seq: number;
    status: string;
    previousStatus: string | null;
    attempt: number;
    error: { code: string } | null;
  }[];
}

async function details(product: Product, token: string, id: string): Promise<Details> {
  const { document } = await gql<{ document: Details | null }>(product.url, token, DETAILS, { id });
  if (document === null) throw new Error('the document is gone');
  return document;
}

/** A document that takes seconds to read. */
async function bomb(): Promise<UploadFile> {
  const folder = await mkdtemp(join(tmpdir(), 'docstream-bomb-'));
  const path = join(folder, 'bomb.docx');
  await writeBombDocx(path, { inflatedBytes: 3 * 1024 ** 3, declaredBytes: 5_000 });
  const content = await readFile(path);
  await rm(folder, { recursive: true });
  return { name: 'bomb.docx', content };
}

async function untilAllCompleted(product: Product, token: string, count: number): Promise<void> {
  await eventually(
    async () =>
      expect(await countDocuments(product.url, token)).toEqual({ COMPLETED: count }) === undefined,
    {
      timeoutMs: 90_000,
      everyMs: 100,
      what: 'COMPLETED of all',
    },
  );
}

/** Expects a history without gaps, in which each change starts with the status before. */
function expectGapless({ events }: Details): void {
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  expect(events.map(({ previousStatus }) => previousStatus)).toEqual([
    null,
    ...events.slice(0, -1).map(({ status }) => status),
  ]);
}

describe('after SIGKILL the product continues automatically', () => {
  let product: Product;

  beforeAll(async () => {
    product = await startProduct({ env: { WORKER_CONCURRENCY: '4', MAX_RUNNING_PER_USER: '4' } });
  });

  it('with a waiting document', async () => {
    const token = newUser();
    const { document } = await upload(product.url, token, {
      name: 'waiting.txt',
      content: 'It waits for its time.',
      options: { scheduledFor: new Date(Date.now() + 2_000).toISOString() },
    });
    await product.kill();
    await product.restart();
    await untilAllCompleted(product, token, 1);
    const after = await details(product, token, document.id);
    expectGapless(after);
    expect(after).toMatchObject({ attempt: 1, vectorCount: 1, searchable: true, error: null });
  });

  it.each(['EXTRACTING', 'VECTORIZING'])(
    'with an %s document, without an extra vector',
    async (stage) => {
      const token = newUser();
      const file =
        stage === 'EXTRACTING' ? await bomb() : { name: 'long.txt', content: longText(45, stage) };
      const { document } = await upload(product.url, token, file);
      const stream = subscribe<{ documentStatus: { status: string; kind: string } }>(
        product.url,
        token,
        'subscription ($id: ID!) { documentStatus(documentId: $id) { status kind } }',
        { id: document.id },
      );
      for await (const { documentStatus } of stream) {
        if (
          documentStatus.status === stage &&
          (stage === 'EXTRACTING' || documentStatus.kind === 'PROGRESS')
        )
          break;
      }
      await product.kill();
      await product.restart();
      const last = (await waitForStatus(product.url, token, document.id, 'COMPLETED', 'FAILED')).at(
        -1,
      );
      const after = await details(product, token, document.id);
      expectGapless(after);
      expect(after).toMatchObject({ attempt: 2 });
      expect(after.events).toContainEqual(
        expect.objectContaining({
          status: 'PENDING',
          previousStatus: stage,
          error: { code: 'WORKER_LOST' },
        }),
      );
      if (stage === 'EXTRACTING')
        return expect(last).toMatchObject({
          status: 'FAILED',
          error: { code: 'EXTRACTION_LIMIT' },
        });
      expect(after).toMatchObject({
        status: 'COMPLETED',
        error: null,
        searchable: true,
        progress: { done: after.vectorCount, total: after.vectorCount },
      });
      const hits = await search(product.url, token, {
        query: `harbour and its keeper of ${stage}`,
        first: 100,
        mode: 'SEMANTIC',
      });
      expect(hits.map(({ chunkIndex }) => chunkIndex).sort((a, b) => a - b)).toEqual(
        Array.from({ length: after.vectorCount }, (_, index) => index),
      );
    },
  );

  it('with several documents, and finds the COMPLETED ones', async () => {
    const token = newUser();
    await uploadCompleted(product.url, token, await corpus('tea.txt'));
    const files = Array.from({ length: 6 }, (_, index) => ({
      name: `several-${index}.txt`,
      content: longText(6, `several ${index}`),
    }));
    await Promise.all(files.map((file) => upload(product.url, token, file)));
    await product.kill();
    await product.restart();
    expect(
      (await search(product.url, token, { query: 'oolong tea leaves', first: 1 }))[0]?.document
        .filename,
    ).toBe('tea.txt');
    await untilAllCompleted(product, token, 7);
    const hits = await search(product.url, token, {
      query: 'harbour and its keeper',
      first: 100,
      mode: 'SEMANTIC',
    });
    for (const { name } of files)
      expect(hits.map(({ document }) => document.filename)).toContain(name);
    expect(
      new Set(hits.map(({ document, chunkIndex }) => `${document.id} ${chunkIndex}`)).size,
    ).toBe(hits.length);
  });

  it('during an upload, and stores nothing of its file', async () => {
    const token = newUser();
    const blobs = join(product.dataDir, 'blobs');
    const before = (await readdir(blobs)).sort();
    const body = new ReadableStream({
      start: (controller) =>
        controller.enqueue(
          Buffer.from(
            '--b\r\ncontent-disposition: form-data; name="file"; filename="half.txt"\r\n\r\n' +
              'half '.repeat(50_000),
          ),
        ),
    });
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'multipart/form-data; boundary=b',
    };
    const sending = fetch(`${product.url}/api/documents/upload`, {
      method: 'POST',
      headers,
      body,
      duplex: 'half',
    } as RequestInit).catch(() => undefined);
    await eventually(async () => (await readdir(blobs)).length > before.length, {
      what: 'a file half written',
    });
    await product.kill();
    await sending;
    await product.restart();
    expect((await readdir(blobs)).sort()).toEqual(before);
    expect(await countDocuments(product.url, token)).toEqual({});
  });

  it('with an unfinished deletion', async () => {
    const token = newUser();
    const id = await uploadCompleted(product.url, token, {
      name: 'gone.txt',
      content: 'Gone for good.',
    });
    await gql(product.url, token, 'mutation ($id: ID!) { deleteDocument(id: $id) { id } }', { id });
    await product.kill();
    await product.restart();
    expect(await countDocuments(product.url, token)).toEqual({});
    await eventually(async () => !(await readdir(join(product.dataDir, 'blobs'))).includes(id), {
      timeoutMs: 20_000,
      what: 'the end of the file',
    });
  });

  it('with the DATA_DIR of the killed process, and releases it after SIGTERM', async () => {
    await product.kill();
    expect(await readdir(product.dataDir)).toContain('owner.pid');
    await product.restart();
    await product.stop();
    expect(await readdir(product.dataDir)).not.toContain('owner.pid');
    await product.restart();
  });

  it('without a leftover reader process', async () => {
    const children = await readersOf(product.pid);
    await product.kill();
    await eventually(
      async () => (await Promise.all(children.map(isRunning))).every((running) => !running),
      {
        what: 'the end of the children',
      },
    );
    await product.restart();
  });
});

describe('SIGTERM', () => {
  let product: Product;

  beforeAll(async () => {
    product = await startProduct();
  });

  it('lets a running document finish, closes the watchers and exits with 0', async () => {
    const token = newUser();
    const { document } = await upload(product.url, token, {
      name: 'running.txt',
      content: longText(8, 'running'),
    });
    const streams = TRANSPORTS.map(({ watch }) =>
      watch(product.url, token, { documentId: document.id }),
    );
    await Promise.all(streams.map((stream) => take(stream, 1)));
    const ends = streams.map((stream) => drain(stream));
    await product.stop();
    await within(Promise.all(ends), 5_000, 'the end of the watchers');
    await product.restart();
    const after = (await waitForStatus(product.url, token, document.id, 'COMPLETED')).at(-1);
    expect(after).toMatchObject({ status: 'COMPLETED' });
    expectGapless(await details(product, token, document.id));
  });

  it('requeues a slow document without counting a lost worker', async () => {
    await product.restart({ SHUTDOWN_DEADLINE_MS: '4000' });
    const token = newUser();
    const { document } = await upload(product.url, token, {
      name: 'long.txt',
      content: longText(600, 'too long'),
    });
    await waitForStatus(product.url, token, document.id, 'VECTORIZING');
    await product.stop();
    await product.restart();
    expect(await details(product, token, document.id)).toMatchObject({ error: null });
    await gql(product.url, token, 'mutation ($id: ID!) { deleteDocument(id: $id) { id } }', {
      id: document.id,
    });
  });

  /** Starts an upload that never ends. Resolves when the product has received half of it. */
  async function startHalfUpload(): Promise<{ sending: Promise<unknown>; before: string[] }> {
    const blobs = join(product.dataDir, 'blobs');
    const before = (await readdir(blobs)).sort();
    const body = new ReadableStream({
      start: (controller) =>
        controller.enqueue(
          Buffer.from(
            '--b\r\ncontent-disposition: form-data; name="file"; filename="half.txt"\r\n\r\n' +
              'half '.repeat(50_000),
          ),
        ),
    });
    const headers = {
      authorization: `Bearer ${newUser()}`,
      'content-type': 'multipart/form-data; boundary=b',
    };
    const sending = fetch(`${product.url}/api/documents/upload`, {
      method: 'POST',
      headers,
      body,
      duplex: 'half',
    } as RequestInit).catch(() => undefined);
    await eventually(async () => (await readdir(blobs)).length > before.length, {
      what: 'a file half written',
    });
    return { sending, before };
  }

  it('exits with 0 during an upload and stores nothing of it', async () => {
    await product.restart({ SHUTDOWN_DEADLINE_MS: '6000' });
    const { sending, before } = await startHalfUpload();
    await product.stop();
    await sending;
    expect(
      (await readdir(join(product.dataDir, 'blobs'))).filter((name) => !before.includes(name)),
    ).toEqual([]);
  });

  it('makes the next start on the same port and DATA_DIR wait for the stop', async () => {
    // Open requests may use a quarter of it, which is longer than the 3 s that a start waits for an
    // owner that is not stopping.
    await product.restart({ SHUTDOWN_DEADLINE_MS: '18000' });
    const { sending } = await startHalfUpload();
    const stopped = product.stop();
    const { port, dataDir, pid } = product;
    const next = await startProduct({ port, dataDir });
    await Promise.all([stopped, sending]);
    expect(next.logs()).toContain(`"ownerPid":${pid}`);
    await next.stop();
  });
});

async function drain(stream: AsyncGenerator<unknown>): Promise<void> {
  try {
    while ((await stream.next()).done !== true);
  } catch {
    // The server closes the connection, which is an error for a client that does not reconnect.
  }
}

describe('a set-up error prints one line and exits with 1', () => {
  let product: Product;

  beforeAll(async () => {
    product = await startProduct();
  });

  it('for a DATA_DIR that another process owns', async () => {
    const { code, output } = await runProduct({ PORT: '0', DATA_DIR: product.dataDir });
    expect({ code, lines: output.trim().split('\n') }).toEqual({
      code: 1,
      lines: [
        expect.stringMatching(
          new RegExp(`^DATA_DIR .* is in use by process ${product.pid}`),
        ) as string,
      ],
    });
    expect(await isRunning(product.pid)).toBe(true);
  });

  it('for a PORT in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const dataDir = await mkdtemp(join(tmpdir(), 'docstream-port-'));
    const { code, output } = await runProduct({ PORT: String(port), DATA_DIR: dataDir });
    server.close();
    await rm(dataDir, { recursive: true, force: true });
    expect({ code, lines: output.trim().split('\n') }).toEqual({
      code: 1,
      lines: [expect.stringMatching(new RegExp(`^PORT ${port} .*in use`)) as string],
    });
  });

  it.each(['/proc/docstream', '/dev/null/docstream'])(
    'for a DATA_DIR that cannot be written: %s',
    async (dataDir) => {
      const { code, output } = await runProduct({ PORT: '0', DATA_DIR: dataDir });
      expect({ code, lines: output.trim().split('\n') }).toEqual({
        code: 1,
        lines: [expect.stringMatching(/^DATA_DIR .* cannot be written/) as string],
      });
    },
  );

  it('for each of several invalid variables', async () => {
    const { code, output } = await runProduct({
      PORT: 'many',
      HOST: '0.0.0.0',
      LOG_LEVEL: 'loud',
      RETRY_DELAYS: 'soon',
      KAFKA_BROKERS: 'localhost:9092',
      CORS_ORIGIN: 'https://a.example/path',
    });
    expect(code).toBe(1);
    const lines = output.trim().split('\n');
    for (const name of [
      'PORT',
      'HOST',
      'LOG_LEVEL',
      'RETRY_DELAYS',
      'KAFKA_BROKERS',
      'CORS_ORIGIN',
    ]) {
      expect(lines.filter((line) => line.startsWith(`${name} `))).toHaveLength(1);
    }
    expect(output).not.toContain('    at ');
  });

  it('for a too short OPERATIONS_TOKEN, without repeating it', async () => {
    const { code, output } = await runProduct({ OPERATIONS_TOKEN: 'secret-word' });
    expect({
      code,
      isNamed: output.includes('OPERATIONS_TOKEN'),
      leaked: output.includes('secret-word'),
    }).toEqual({
      code: 1,
      isNamed: true,
      leaked: false,
    });
  });
});

describe('a .env beside package.json', () => {
  it('is read, and overrides no variable that is set', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'docstream-env-'));
    try {
      const project = new URL('../../', import.meta.url).pathname;
      for (const path of ['package.json', 'dist/src'])
        await cp(join(project, path), join(folder, path), { recursive: true });
      await symlink(join(project, 'node_modules'), join(folder, 'node_modules'));
      await writeFile(join(folder, '.env'), 'PORT=nonsense\nLOG_LEVEL=loud\nMAX_CHUNKS=none\n');
      const { code, output } = await runProduct({ LOG_LEVEL: 'info' }, folder);
      expect({
        code,
        port: /^PORT /m.test(output),
        chunks: /^MAX_CHUNKS /m.test(output),
        level: output.includes('LOG_LEVEL'),
      }).toEqual({
        code: 1,
        port: true,
        chunks: true,
        level: false,
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('retries', () => {
  let product: Product;

  beforeAll(async () => {
    product = await startProduct({ env: { MAX_ATTEMPTS: '3', RETRY_DELAYS: '100ms,600ms' } });
  });

  it('fail a document without its file for good with BLOB_MISSING', async () => {
    const token = newUser();
    const scheduledFor = new Date(Date.now() + 1_500).toISOString();
    const { document } = await upload(product.url, token, {
      name: 'lost.txt',
      content: 'The file gets lost.',
      options: { scheduledFor },
    });
    await rm(join(product.dataDir, 'blobs', document.id));
    const last = (await waitForStatus(product.url, token, document.id, 'COMPLETED', 'FAILED')).at(
      -1,
    );
    expect(last).toMatchObject({
      status: 'FAILED',
      attempt: 1,
      error: { code: 'BLOB_MISSING', retryable: false },
    });
  });

  it('repeat an unexpected error after each delay, then fail with ATTEMPTS_EXHAUSTED', async () => {
    const token = newUser();
    const scheduledFor = new Date(Date.now() + 1_500).toISOString();
    const { document } = await upload(product.url, token, {
      name: 'odd.txt',
      content: 'A folder takes its place.',
      options: { scheduledFor },
    });
    const blob = join(product.dataDir, 'blobs', document.id);
    await rm(blob);
    await mkdir(blob);
    const seen = await waitForStatus(product.url, token, document.id, 'COMPLETED', 'FAILED');
    const after = await details(product, token, document.id);
    expectGapless(after);
    expect(after).toMatchObject({
      status: 'FAILED',
      attempt: 3,
      error: { code: 'ATTEMPTS_EXHAUSTED', cause: 'INTERNAL', retryable: false },
    });
    expect(after.events.map(({ status }) => status)).toEqual([
      'PENDING',
      'EXTRACTING',
      'PENDING',
      'EXTRACTING',
      'PENDING',
      'EXTRACTING',
      'FAILED',
    ]);
    expect(
      seen.filter(({ status, error }) => status === 'PENDING' && error?.retryable === true),
    ).not.toEqual([]);
  });

  it('leave nothing of a finished document in the working folder', async () => {
    const token = newUser();
    await uploadCompleted(product.url, token, await corpus('tea.txt'));
    const work = join(product.dataDir, 'work');
    const leftovers = async () =>
      (await readdir(work, { recursive: true })).filter((name) => /content|text/.test(name));
    await eventually(async () => (await leftovers()).length === 0, {
      what: 'an empty working folder',
    });
    expect(await readFile(join(product.dataDir, 'owner.pid'), 'utf8')).toContain(
      String(product.pid),
    );
  });
});

it('stops when its launcher dies', async () => {
  const script = `
    const { spawn } = require('node:child_process');
    const child = spawn(process.execPath, ['dist/src/main.js'], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    child.stdout.on('data', (text) => String(text).includes('is ready') && process.stdout.write(String(child.pid)));
    setInterval(() => undefined, 1_000);`;
  const dataDir = await mkdtemp(join(tmpdir(), 'docstream-launcher-'));
  const launcher = spawn(process.execPath, ['--eval', script], {
    cwd: new URL('../../', import.meta.url).pathname,
    env: { PATH: process.env['PATH'] ?? '', PORT: '0', DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [pid] = (await once(launcher.stdout, 'data')) as [Buffer];
  launcher.kill('SIGKILL');
  await eventually(async () => !(await isRunning(Number(pid))), {
    timeoutMs: 20_000,
    everyMs: 100,
    what: 'the end of the product',
  });
  await rm(dataDir, { recursive: true, force: true });
});

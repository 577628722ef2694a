import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { ProcessingFailure } from '../../src/errors.js';
import { CONTENT_FILE } from '../../src/extraction/protocol.js';
import { toProgram } from '../../src/extraction/program.js';
import { startReaderProcess } from '../../src/extraction/reader-process.js';
import { collect, extractText, MIB, textOf, useExtractionHarness } from '../support/extraction.js';
import { readersOf, isRunning, startParent } from '../support/processes.js';
import { eventually } from '../support/wait.js';

const readerChild = new URL('../../dist/src/extraction/reader-child.js', import.meta.url);
/** The launcher of a platform without namespaces and without a signal for a parent's death. */
const NO_LAUNCHER = { command: [], endsWithParent: false };
const harness = useExtractionHarness();

describe('a reading process', () => {
  it('is replaced without an effect on the document if it was killed while idle', async () => {
    const extractor = harness.start();
    await textOf(extractor, 'tea.txt');
    for (const pid of await readersOf(process.pid)) process.kill(pid, 'SIGKILL');
    expect(await textOf(extractor, 'tea.txt')).toContain('Camellia sinensis');
  });

  it('is replaced once if it dies before it reads the document', async () => {
    const extractor = await harness.startWithChild(`
      import fs from 'node:fs';
      process.on('message', ({ folder }) => {
        if (!fs.existsSync(folder + '/died-once')) process.exit(fs.writeFileSync(folder + '/died-once', ''));
        process.send({ type: 'started' });
        fs.writeFileSync(folder + '/text.ndjson', '{"t":"read","p":null}\\n');
        process.send({ type: 'done', rssBytes: 0 });
      });`);
    const text = await extractText(extractor, 'x');
    expect(await collect(text.segments())).toEqual([{ text: 'read', page: null }]);
  });

  it('survives the removal of its first document’s folder while it starts its threads', async () => {
    const readers = Array.from({ length: 5 }, () =>
      startReaderProcess({
        ...toProgram(),
        launcher: NO_LAUNCHER,
        root: harness.workDir(),
        maxRssBytes: 400 * MIB,
        timeoutMs: 20_000,
      }),
    );
    const runs = readers.map(async (reader, number) => {
      for (let count = 0; count < 40; count += 1) {
        const folder = join(harness.workDir(), `${number}-${count}`);
        await mkdir(folder);
        await writeFile(join(folder, CONTENT_FILE), 'a short text');
        await reader.read(
          {
            mimeType: 'text/plain',
            folder,
            limits: { maxTextChars: 1_000, maxInflatedBytes: MIB },
          },
          new AbortController().signal,
        );
        await rm(folder, { recursive: true });
      }
    });
    await Promise.all(runs);
    expect(readers.map((reader) => reader.isAlive())).toEqual(readers.map(() => true));
    await Promise.all(readers.map((reader) => reader.kill()));
  });

  it('fails the document with INTERNAL, which is retried, if it cannot start', async () => {
    const extractor = await harness.startWithChild('process.exit(3);');
    await expect(extractText(extractor, 'x')).rejects.toMatchObject({
      code: 'INTERNAL',
      retryable: true,
    });
  });

  it('inherits no variable and no option', async () => {
    process.env['DOCSTREAM_TEST_SECRET'] = 'hidden';
    const seen = await reportOf('{ env: Object.keys(process.env), argv: process.execArgv }');
    delete process.env['DOCSTREAM_TEST_SECRET'];
    // Node removes the one variable that names the channel to the parent.
    expect(seen['env']).toEqual([]);
    expect(JSON.stringify(seen['argv'])).not.toMatch(/vm-modules|inspect/);
  });

  it('cannot write outside of the working folders, nor start programs', async () => {
    const outside = join(harness.workDir(), 'outside.txt');
    const seen = await reportOf(
      `{ write: attempt(() => fs.writeFileSync(${JSON.stringify(outside)}, '')), spawn: attempt(() => execSync('true')) }`,
    );
    expect(seen).toEqual({ write: 'ERR_ACCESS_DENIED', spawn: 'ERR_ACCESS_DENIED' });
    expect(existsSync(outside)).toBe(false);
  });

  it('is one of at most as many as configured while several documents are read', async () => {
    const extractor = harness.start({ processes: 2 });
    const names = [
      'bees.docx',
      'volcanoes.pdf',
      'tea.txt',
      'sourdough.pptx',
      'observatory.xlsx',
      'railway.docx',
    ];
    const reading = Promise.all(names.map((name) => textOf(extractor, name)));
    let most = 0;
    const counting = setInterval(
      () => void readersOf(process.pid).then((pids) => (most = Math.max(most, pids.length))),
      20,
    );
    const texts = await reading;
    clearInterval(counting);
    expect(texts.map((text) => text.length > 400)).toEqual(names.map(() => true));
    expect(most).toBeLessThanOrEqual(2);
  });

  /** Returns the value of an expression within a child. */
  async function reportOf(expression: string): Promise<Record<string, unknown>> {
    const extractor = await harness.startWithChild(`
      import fs from 'node:fs';
      import { execSync } from 'node:child_process';
      const attempt = (action) => { try { action(); return 'done'; } catch (error) { return error.code; } };
      process.on('message', ({ folder }) => {
        process.send({ type: 'started' });
        fs.writeFileSync(folder + '/text.ndjson', JSON.stringify({ t: JSON.stringify(${expression}), p: null }) + '\\n');
        process.send({ type: 'done', rssBytes: 0 });
      });`);
    const [segment] = await collect((await extractText(extractor, 'x')).segments());
    return JSON.parse(segment?.text ?? '{}') as Record<string, unknown>;
  }
});

describe('the end of an extraction', () => {
  const SPIN = `process.on('message', () => { process.send({ type: 'started' }); setTimeout(() => { for (;;); }, 20); });`;

  it('kills the process, removes the folder and rejects with the reason of an abort', async () => {
    const extractor = await harness.startWithChild(SPIN);
    const abort = new AbortController();
    const reason = new Error('cancelled by the user');
    const reading = extractText(extractor, 'x', abort.signal);
    const [pid = 0] = await readersOf(process.pid);
    await eventually(async () => (await harness.leftovers()).length > 0);
    abort.abort(reason);
    await expect(reading).rejects.toBe(reason);
    await eventually(async () => !(await isRunning(pid)));
    expect(await harness.leftovers()).toEqual([]);
  });

  it('ends the wait for a process on an abort, and starts no document whose signal has aborted', async () => {
    const extractor = await harness.startWithChild(SPIN);
    const first = new AbortController();
    const second = new AbortController();
    const readings = [
      extractText(extractor, 'x', first.signal),
      extractText(extractor, 'y', second.signal),
    ];
    second.abort(new Error('cancelled'));
    await expect(readings[1]).rejects.toThrow('cancelled');
    first.abort(new Error('enough'));
    await expect(readings[0]).rejects.toThrow('enough');
    await expect(
      extractText(extractor, 'z', AbortSignal.abort(new Error('too late'))),
    ).rejects.toThrow('too late');
  });

  it('kills every process and removes every folder on a stop, with WORKER_LOST', async () => {
    const extractor = await harness.startWithChild(SPIN, { processes: 2 });
    const readings = [
      extractText(extractor, 'x'),
      extractText(extractor, 'y'),
      extractText(extractor, 'z'),
    ];
    const outcomes = Promise.allSettled(readings);
    await eventually(async () => (await readersOf(process.pid)).length === 2);
    await extractor.stop();
    expect(await readersOf(process.pid)).toEqual([]);
    expect(
      (await outcomes).map(
        (outcome) => outcome.status === 'rejected' && (outcome.reason as ProcessingFailure).code,
      ),
    ).toEqual(Array(3).fill('WORKER_LOST'));
    expect(await readdir(harness.workDir())).toEqual([]);
  });

  it('leaves folders that the next start removes only if their process is dead', async () => {
    const dead = `extract-999999999-1-0badc0de-${hostname()}`;
    const reborn = `extract-${process.pid}-1-0badc0de-${hostname()}`;
    const alive = `extract-${process.ppid}-1-0badc0de-${hostname()}`;
    for (const name of [dead, reborn, alive, 'not-ours'])
      await mkdir(join(harness.workDir(), name));
    harness.start();
    await eventually(
      () =>
        !existsSync(join(harness.workDir(), dead)) && !existsSync(join(harness.workDir(), reborn)),
    );
    expect(await readdir(harness.workDir())).toEqual(expect.arrayContaining([alive, 'not-ours']));
  });

  it.each([
    ['idle', ''],
    ['stuck in a loop', `process.on('message', () => { setTimeout(() => { for (;;); }, 20); });`],
  ])('follows the death of the parent if the process is %s', async (_, more) => {
    const childPath = join(harness.workDir(), 'child.mjs');
    await writeFile(childPath, `await import(${JSON.stringify(readerChild.href)});\n${more}`);
    const parent = await startParent(harness.workDir(), childPath);
    const pid = await parent
      .untilBusy()
      .then(() => readersOf(parent.pid))
      .then(([reader = 0]) => reader)
      .finally(() => parent.kill());
    expect(pid).toBeGreaterThan(0);
    await eventually(async () => !(await isRunning(pid)), {
      timeoutMs: 5_000,
      what: 'the end of the orphan',
    });
  });
});

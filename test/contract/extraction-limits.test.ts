import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeBombDocx } from '../corpus/make-bomb.js';
import {
  extractText,
  GIB,
  MIB,
  segmentsOf,
  textOf,
  useExtractionHarness,
} from '../support/extraction.js';

const harness = useExtractionHarness();

describe('a document cannot take more than its share', () => {
  it.each([
    ['says its size', undefined],
    ['lies about it', 5_000],
  ])('a bomb that %s is EXTRACTION_LIMIT, long before it is inflated', async (_, declaredBytes) => {
    const path = join(harness.workDir(), 'bomb.docx');
    await writeBombDocx(path, {
      inflatedBytes: 3 * GIB,
      ...(declaredBytes === undefined ? {} : { declaredBytes }),
    });
    expect((await stat(path)).size).toBeLessThan(10 * MIB);
    const started = performance.now();
    await expect(segmentsOf(harness.start(), path)).rejects.toMatchObject({
      code: 'EXTRACTION_LIMIT',
    });
    expect(performance.now() - started).toBeLessThan(8_000);
  });

  it('an archive is stopped at the bytes that it really inflates to', async () => {
    const path = join(harness.workDir(), 'bomb.docx');
    await writeBombDocx(path, { inflatedBytes: GIB, declaredBytes: 5_000 });
    const extractor = harness.start({ maxInflatedBytes: 64 * MIB });
    await expect(segmentsOf(extractor, path)).rejects.toMatchObject({
      code: 'EXTRACTION_LIMIT',
      message: expect.stringContaining('inflates') as string,
    });
  });

  it('text without end is EXTRACTION_LIMIT', async () => {
    await expect(
      extractText(harness.start({ maxTextChars: 1_000 }), 'x'.repeat(1_001)),
    ).rejects.toMatchObject({ code: 'EXTRACTION_LIMIT' });
    await expect(
      extractText(harness.start({ maxTextChars: 1_000 }), 'x'.repeat(1_000)),
    ).resolves.toBeDefined();
  });

  it('a reader that never ends is killed after its time', async () => {
    const extractor = await harness.startWithChild(
      `process.on('message', () => { process.send({ type: 'started' }); setTimeout(() => { for (;;); }, 20); });`,
      {
        timeoutMs: 1_000,
      },
    );
    await expect(extractText(extractor, 'x')).rejects.toMatchObject({
      code: 'EXTRACTION_LIMIT',
      message: expect.stringContaining('longer than the 1 seconds') as string,
    });
    expect(await harness.leftovers()).toEqual([]);
  });

  it('a reader that hoards buffers, which no heap limit counts, is killed for its memory', async () => {
    const extractor = await harness.startWithChild(`
      const hoard = [];
      process.on('message', () => { process.send({ type: 'started' }); setInterval(() => hoard.push(Buffer.alloc(${8 * MIB}, 1)), 5); });`);
    const started = performance.now();
    await expect(extractText(extractor, 'x')).rejects.toMatchObject({
      code: 'EXTRACTION_LIMIT',
      message: expect.stringContaining('400 MiB of memory') as string,
    });
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('a reader that runs out of heap costs the document, not the worker', async () => {
    const extractor = await harness.startWithChild(
      `process.on('message', () => { process.send({ type: 'started' }); setTimeout(() => { const all = []; for (;;) all.push({ all }); }, 20); });`,
      { maxRssBytes: 80 * MIB },
    );
    await expect(extractText(extractor, 'x')).rejects.toMatchObject({ code: 'EXTRACTION_LIMIT' });
  });

  it('a document that crashes its process is EXTRACTION_LIMIT', async () => {
    const extractor = await harness.startWithChild(
      `process.on('message', () => process.send({ type: 'started' }, () => process.abort()));`,
    );
    await expect(extractText(extractor, 'x')).rejects.toMatchObject({
      code: 'EXTRACTION_LIMIT',
      message: 'The document ended the process that read it.',
    });
  });

  it('after a kill the next document is read', async () => {
    const extractor = harness.start({ maxInflatedBytes: GIB, timeoutMs: 400 });
    const path = join(harness.workDir(), 'bomb.docx');
    await writeBombDocx(path, { inflatedBytes: GIB, declaredBytes: 5_000 });
    await expect(segmentsOf(extractor, path)).rejects.toMatchObject({
      code: 'EXTRACTION_LIMIT',
      message: expect.stringContaining('longer') as string,
    });
    expect(await textOf(extractor, 'tea.txt')).toContain('Camellia sinensis');
  });
});

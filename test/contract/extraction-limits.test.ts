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

describe('the limits of a document', () => {
  it.each([
    ['declares its size', undefined],
    ['declares a false size', 5_000],
  ])('stop a zip bomb that %s, long before it is inflated', async (_, declaredBytes) => {
    const path = join(harness.workDir(), 'bomb.docx');
    await writeBombDocx(path, {
      inflatedBytes: 3 * GIB,
      ...(declaredBytes === undefined ? {} : { declaredBytes }),
    });
    expect((await stat(path)).size).toBeLessThan(10 * MIB);
    const startedAt = performance.now();
    await expect(segmentsOf(harness.start(), path)).rejects.toMatchObject({
      code: 'EXTRACTION_LIMIT',
    });
    expect(performance.now() - startedAt).toBeLessThan(8_000);
  });

  it('count the bytes to which an archive really inflates', async () => {
    const path = join(harness.workDir(), 'bomb.docx');
    await writeBombDocx(path, { inflatedBytes: GIB, declaredBytes: 5_000 });
    const extractor = harness.start({ maxInflatedBytes: 64 * MIB });
    await expect(segmentsOf(extractor, path)).rejects.toMatchObject({
      code: 'EXTRACTION_LIMIT',
      message: expect.stringContaining('inflates') as string,
    });
  });

  it('reject too much text with EXTRACTION_LIMIT', async () => {
    await expect(
      extractText(harness.start({ maxTextChars: 1_000 }), 'x'.repeat(1_001)),
    ).rejects.toMatchObject({ code: 'EXTRACTION_LIMIT' });
    await expect(
      extractText(harness.start({ maxTextChars: 1_000 }), 'x'.repeat(1_000)),
    ).resolves.toBeDefined();
  });

  it('kill a reader that never ends after the timeout', async () => {
    const extractor = await harness.startWithChild(
      `process.on('message', () => { process.send({ type: 'started' }); setTimeout(() => { for (;;); }, 20); });`,
      {
        timeoutMs: 1_000,
      },
    );
    await expect(extractText(extractor, 'x')).rejects.toMatchObject({
      code: 'EXTRACTION_LIMIT',
      message: expect.stringContaining('longer than the limit of 1 seconds') as string,
    });
    expect(await harness.leftovers()).toEqual([]);
  });

  it('kill a reader for buffers, which the heap limit does not count', async () => {
    const extractor = await harness.startWithChild(`
      const hoard = [];
      process.on('message', () => { process.send({ type: 'started' }); setInterval(() => hoard.push(Buffer.alloc(${8 * MIB}, 1)), 5); });`);
    const startedAt = performance.now();
    await expect(extractText(extractor, 'x')).rejects.toMatchObject({
      code: 'EXTRACTION_LIMIT',
      message: expect.stringContaining('400 MiB of memory') as string,
    });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it('fail the document, not the worker, if a reader runs out of heap', async () => {
    const extractor = await harness.startWithChild(
      `process.on('message', () => { process.send({ type: 'started' }); setTimeout(() => { const all = []; for (;;) all.push({ all }); }, 20); });`,
      { maxRssBytes: 80 * MIB },
    );
    await expect(extractText(extractor, 'x')).rejects.toMatchObject({ code: 'EXTRACTION_LIMIT' });
  });

  it('fail a document that crashes its process with EXTRACTION_LIMIT', async () => {
    const extractor = await harness.startWithChild(
      `process.on('message', () => process.send({ type: 'started' }, () => process.abort()));`,
    );
    await expect(extractText(extractor, 'x')).rejects.toMatchObject({
      code: 'EXTRACTION_LIMIT',
      message:
        'The process that read the document ended. Simplify the document, and upload it again.',
    });
  });

  it('let the next document be read after a kill', async () => {
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

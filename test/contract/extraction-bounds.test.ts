import { Readable } from 'node:stream';
import type { Extractor } from '../../src/documents/ports.js';
import { createFormatDetector } from '../../src/extraction/format-detector.js';
import { corpus } from '../support/corpus.js';
import { collect, textOf, useExtractionHarness } from '../support/extraction.js';
import { filesOverBounds, filesWithinBounds, type HostileFile } from '../support/hostile-files.js';
import { readersOf } from '../support/processes.js';

/** Seconds on a busy machine. Without the bounds each of these files takes minutes. */
const SOON_MS = 8_000;

const readerChild = new URL('../../dist/src/extraction/reader-child.js', import.meta.url).href;
const harness = useExtractionHarness();
const detector = createFormatDetector();

async function textIn(extractor: Extractor, { name, content }: HostileFile): Promise<string> {
  const mimeType =
    (await detector.detect(content.subarray(0, detector.headBytes), name)) ?? 'unknown';
  const text = await extractor.extract({
    mimeType,
    content: Readable.from([content]),
    signal: new AbortController().signal,
  });
  return (await collect(text.segments())).map((segment) => segment.text).join('');
}

describe('the bounds of a reader', () => {
  it('reject larger markup and packages with EXTRACTION_LIMIT, at once', async () => {
    const extractor = harness.start();
    for (const file of filesOverBounds()) {
      const startedAt = performance.now();
      const outcome = await textIn(extractor, file).catch((error: unknown) => error);
      expect([file.name, outcome]).toEqual([
        file.name,
        expect.objectContaining({ code: 'EXTRACTION_LIMIT', retryable: false }),
      ]);
      expect([file.name, performance.now() - startedAt < SOON_MS]).toEqual([file.name, true]);
    }
  });

  it('accept other files, which are read in time proportional to their size, each part once', async () => {
    const extractor = harness.start();
    for (const file of filesWithinBounds()) {
      const startedAt = performance.now();
      expect([file.name, (await textIn(extractor, file)).trim()]).toEqual([file.name, 'read']);
      expect([file.name, performance.now() - startedAt < SOON_MS]).toEqual([file.name, true]);
    }
  });
});

describe('a library that fails outside of any call', () => {
  it('fails the document with CORRUPT, and the next one gets another process', async () => {
    const extractor = harness.start();
    const { content } = await corpus('empty-pages-1000.pdf');
    const damaged = Buffer.concat([content.subarray(0, 6_303), content.subarray(36_787)]);
    const [before] = await readersOf(process.pid);
    await expect(
      textIn(extractor, { name: 'damaged.pdf', content: damaged }),
    ).rejects.toMatchObject({ code: 'CORRUPT' });
    expect(await textOf(extractor, 'tea.txt')).toContain('Camellia sinensis');
    const [after] = await readersOf(process.pid);
    expect(after).not.toBe(before);
  });

  it('fails the document with CORRUPT if it waits for ever', async () => {
    const extractor = await harness.startWithChild(`
      import fs from 'node:fs';
      import { syncBuiltinESMExports } from 'node:module';
      fs.createReadStream = () => ({ async *[Symbol.asyncIterator]() { await new Promise(() => {}); } });
      syncBuiltinESMExports();
      await import(${JSON.stringify(readerChild)});`);
    await expect(
      textIn(extractor, { name: 'x.txt', content: Buffer.from('text') }),
    ).rejects.toMatchObject({ code: 'CORRUPT' });
  });
});

describe('a PDF in an Asian encoding', () => {
  it('is read with the character maps of pdf.js', async () => {
    const content = Buffer.from(pdfInShiftJis('93fa967b8cea'));
    expect(await textIn(harness.start(), { name: 'japanese.pdf', content })).toContain('日本語');
  });
});

/** Returns one line of text, whose font names only the encoding, neither Unicode nor glyphs. */
function pdfInShiftJis(hex: string): string {
  const page = `BT /F1 12 Tf 72 700 Td <${hex}> Tj ET`;
  const info = '/CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >>';
  const descriptor =
    '<< /Type /FontDescriptor /FontName /Ryumin-Light /Flags 4 /FontBBox [0 -137 1000 859] /ItalicAngle 0 /Ascent 859 /Descent -137 /CapHeight 709 /StemV 69 >>';
  return [
    '%PDF-1.4',
    '1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj',
    '2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj',
    '3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >> endobj',
    `4 0 obj << /Length ${page.length} >> stream\n${page}\nendstream endobj`,
    '5 0 obj << /Type /Font /Subtype /Type0 /BaseFont /Ryumin-Light-90ms-RKSJ-H /Encoding /90ms-RKSJ-H /DescendantFonts [6 0 R] >> endobj',
    `6 0 obj << /Type /Font /Subtype /CIDFontType0 /BaseFont /Ryumin-Light ${info} /FontDescriptor 7 0 R >> endobj`,
    `7 0 obj ${descriptor} endobj`,
    'trailer << /Root 1 0 R >>',
  ].join('\n');
}

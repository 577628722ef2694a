import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createFormatDetector } from '../../src/extraction/format-detector.js';

const corpus = fileURLToPath(new URL('../corpus/', import.meta.url));
const detector = createFormatDetector();

const WORD = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
const SLIDES = 'application/vnd.openxmlformats-officedocument.presentationml.presentation';
const SHEETS = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
const ODT = 'application/vnd.oasis.opendocument.text';

async function headOf(name: string): Promise<Uint8Array> {
  return (await readFile(corpus + name)).subarray(0, detector.headBytes);
}

function detectText(text: string, filename: string): Promise<string | null> {
  return detector.detect(Buffer.from(text), filename);
}

describe('a file of the corpus', () => {
  it.each([
    ['volcanoes.pdf', 'application/pdf'],
    ['encrypted.pdf', 'application/pdf'],
    ['bees.docx', WORD],
    ['railway.docx', WORD],
    ['sourdough.pptx', SLIDES],
    ['observatory.xlsx', SHEETS],
    ['contract-law.odt', ODT],
    ['reefs.html', 'text/html'],
    ['knots.md', 'text/markdown'],
    ['tea.txt', 'text/plain'],
    ['coffee.csv', 'text/csv'],
    ['planets.json', 'application/json'],
  ])('is detected by its bytes: %s is %s', async (name, mimeType) => {
    expect(await detector.detect(await headOf(name), name)).toBe(mimeType);
  });

  it('is detected as a supported format', async () => {
    const names = (await readdir(corpus)).filter((name) =>
      /\.(pdf|docx|pptx|xlsx|odt|html|md|txt|csv|json)$/.test(name),
    );
    const detected = await Promise.all(
      names.map(async (name) => detector.detect(await headOf(name), name)),
    );
    expect(names.filter((_, index) => detected[index] === null)).toEqual(['png-named.pdf']);
    expect(detector.mimeTypes).toEqual(
      expect.arrayContaining(detected.filter((mimeType) => mimeType !== null)),
    );
  });
});

describe('the labels of a detector', () => {
  it('name each supported format once', () => {
    expect(detector.labels).toHaveLength(detector.mimeTypes.length);
    expect(new Set(detector.labels).size).toBe(detector.labels.length);
    expect(detector.labels).toEqual(expect.arrayContaining(['PDF', 'DOCX', 'plain text']));
  });
});

describe('the bytes of a file', () => {
  it('override the extension of a PNG named .pdf, which is not supported', async () => {
    expect(await detector.detect(await headOf('png-named.pdf'), 'report.pdf')).toBeNull();
  });

  it('override the extension of a PDF named .txt', async () => {
    expect(await detector.detect(await headOf('volcanoes.pdf'), 'volcanoes.txt')).toBe(
      'application/pdf',
    );
  });

  it('identify a PDF after other bytes, within the first 1,024', async () => {
    const pdf = await headOf('volcanoes.pdf');
    expect(
      await detector.detect(Buffer.concat([Buffer.alloc(1000, 'x'), pdf]), 'volcanoes.pdf'),
    ).toBe('application/pdf');
    expect(
      await detector.detect(Buffer.concat([Buffer.alloc(2000, 1), pdf]), 'volcanoes.pdf'),
    ).toBeNull();
  });

  it('identify a text that mentions PDF files as a text', async () => {
    expect(
      await detectText(
        'Every PDF begins with the line %PDF-1.7, which names the version.',
        'notes.txt',
      ),
    ).toBe('text/plain');
  });

  it('identify no format of random bytes, whatever the extension is', async () => {
    const noise = Buffer.from(
      Array.from({ length: 4096 }, (_, index) => (index * 7919 + (index >> 3) * 104_729) & 0xff),
    );
    expect(await detector.detect(noise, 'noise.txt')).toBeNull();
    expect(await detector.detect(noise, 'noise.bin')).toBeNull();
  });

  it('identify no format of an empty file', async () => {
    expect(await detector.detect(new Uint8Array(), 'empty.txt')).toBeNull();
  });
});

describe('the extension of a file', () => {
  it.each([
    ['shopping.docx', WORD],
    ['shopping.PPTX', SLIDES],
    ['shopping.xlsx', SHEETS],
    ['shopping.odt', ODT],
    ['shopping.zip', null],
    ['shopping', null],
  ])('decides the format of a plain zip: %s is %s', async (name, mimeType) => {
    expect(await detector.detect(await headOf('plain-zip.docx'), name)).toBe(mimeType);
  });

  it('does not decide the format of a Word document', async () => {
    expect(await detector.detect(await headOf('railway.docx'), 'railway.xlsx')).toBe(WORD);
  });

  it('decides that an OLE file is an encrypted Word document, and not an old .doc', async () => {
    const head = await headOf('encrypted.docx');
    expect(await detector.detect(head, 'encrypted.docx')).toBe(WORD);
    expect(await detector.detect(head, 'old.doc')).toBeNull();
    expect(await detector.detect(head, 'encrypted.odt')).toBeNull();
  });
});

describe('text', () => {
  it.each([
    'utf16le.txt',
    'utf16be-bom.txt',
    'latin1.txt',
    'bom.txt',
    'nul-bytes.txt',
    'lone-surrogates.txt',
  ])('is detected in any encoding: %s', async (name) => {
    expect(await detector.detect(await headOf(name), name)).toBe('text/plain');
  });

  it('is detected if the end of the head cuts a character', async () => {
    const head = Buffer.from('ü'.repeat(detector.headBytes)).subarray(0, detector.headBytes - 1);
    expect(await detector.detect(head, 'umlauts.md')).toBe('text/markdown');
  });

  it('is detected if it starts like a magic number', async () => {
    expect(await detectText('BMW and MZ built motorcycles.', 'bikes.txt')).toBe('text/plain');
  });

  it('is HTML by its first tag if the name has no extension', async () => {
    expect(
      await detectText('\n<!-- saved --><!DOCTYPE html><html><body>x</body></html>', 'download'),
    ).toBe('text/html');
  });

  it('is HTML by its first tag after many blank lines', async () => {
    expect(await detectText(`${'\n'.repeat(500)}<html><body>x</body></html>`, 'download')).toBe(
      'text/html',
    );
  });

  it('is not supported in RTF or PostScript', async () => {
    expect(await detectText('{\\rtf1\\ansi Hello}', 'letter.txt')).toBeNull();
    expect(await detectText('%!PS-Adobe-3.0\n/Times findfont', 'letter.txt')).toBeNull();
  });

  it('is not supported in an eight-bit alphabet that cannot be detected', async () => {
    const koi8 = Buffer.from(
      [...'привет мир '.repeat(20)].map((letter) =>
        letter === ' ' ? 0x20 : 0xc0 + (letter.charCodeAt(0) & 0x1f),
      ),
    );
    expect(await detector.detect(koi8, 'letter.txt')).toBeNull();
  });
});

import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createFormatDetector } from '../../src/extraction/formats.js';

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

describe('a file of the corpus is told by its bytes', () => {
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
  ])('%s is %s', async (name, mimeType) => {
    expect(await detector.detect(await headOf(name), name)).toBe(mimeType);
  });

  it('and whatever the answer is, it is a format that we read', async () => {
    const names = (await readdir(corpus)).filter((name) =>
      /\.(pdf|docx|pptx|xlsx|odt|html|md|txt|csv|json)$/.test(name),
    );
    const answers = await Promise.all(
      names.map(async (name) => detector.detect(await headOf(name), name)),
    );
    expect(names.filter((_, index) => answers[index] === null)).toEqual(['png-named.pdf']);
    expect(detector.mimeTypes).toEqual(
      expect.arrayContaining(answers.filter((answer) => answer !== null)),
    );
  });
});

describe('the bytes win over the name', () => {
  it('a PNG named .pdf is no format that we read', async () => {
    expect(await detector.detect(await headOf('png-named.pdf'), 'report.pdf')).toBeNull();
  });

  it('a PDF named .txt is a PDF', async () => {
    expect(await detector.detect(await headOf('volcanoes.pdf'), 'volcanoes.txt')).toBe(
      'application/pdf',
    );
  });

  it('a PDF may have junk before it, within the first 1,024 bytes', async () => {
    const pdf = await headOf('volcanoes.pdf');
    expect(
      await detector.detect(Buffer.concat([Buffer.alloc(1000, 'x'), pdf]), 'volcanoes.pdf'),
    ).toBe('application/pdf');
    expect(
      await detector.detect(Buffer.concat([Buffer.alloc(2000, 1), pdf]), 'volcanoes.pdf'),
    ).toBeNull();
  });

  it('a text that speaks of PDF files is a text', async () => {
    expect(
      await detectText(
        'Every PDF begins with the line %PDF-1.7, which names the version.',
        'notes.txt',
      ),
    ).toBe('text/plain');
  });

  it('random bytes are nothing, whatever they are named', async () => {
    const noise = Buffer.from(
      Array.from({ length: 4096 }, (_, index) => (index * 7919 + (index >> 3) * 104_729) & 0xff),
    );
    expect(await detector.detect(noise, 'noise.txt')).toBeNull();
    expect(await detector.detect(noise, 'noise.bin')).toBeNull();
  });

  it('nothing at all is no format', async () => {
    expect(await detector.detect(new Uint8Array(), 'empty.txt')).toBeNull();
  });
});

describe('the name decides among formats that share a container', () => {
  it.each([
    ['shopping.docx', WORD],
    ['shopping.PPTX', SLIDES],
    ['shopping.xlsx', SHEETS],
    ['shopping.odt', ODT],
    ['shopping.zip', null],
    ['shopping', null],
  ])('a plain zip named %s is taken for %s', async (name, mimeType) => {
    expect(await detector.detect(await headOf('plain-zip.docx'), name)).toBe(mimeType);
  });

  it('a Word document under a wrong name is a Word document', async () => {
    expect(await detector.detect(await headOf('railway.docx'), 'railway.xlsx')).toBe(WORD);
  });

  it('an encrypted Word document, which is an OLE file, is accepted by its name; an old .doc is not', async () => {
    const head = await headOf('encrypted.docx');
    expect(await detector.detect(head, 'encrypted.docx')).toBe(WORD);
    expect(await detector.detect(head, 'old.doc')).toBeNull();
    expect(await detector.detect(head, 'encrypted.odt')).toBeNull();
  });
});

describe('text is text in every encoding', () => {
  it.each([
    'utf16le.txt',
    'utf16be-bom.txt',
    'latin1.txt',
    'bom.txt',
    'nul-bytes.txt',
    'lone-surrogates.txt',
  ])('%s', async (name) => {
    expect(await detector.detect(await headOf(name), name)).toBe('text/plain');
  });

  it('a character that the end of the head cuts in two does no harm', async () => {
    const head = Buffer.from('ü'.repeat(detector.headBytes)).subarray(0, detector.headBytes - 1);
    expect(await detector.detect(head, 'umlauts.md')).toBe('text/markdown');
  });

  it('words that begin like a magic number are still words', async () => {
    expect(await detectText('BMW and MZ built motorcycles.', 'bikes.txt')).toBe('text/plain');
  });

  it('a page without a name of its own is told by its first tag', async () => {
    expect(
      await detectText('\n<!-- saved --><!DOCTYPE html><html><body>x</body></html>', 'download'),
    ).toBe('text/html');
  });

  it('a page that begins with a screenful of blank lines is still a page', async () => {
    expect(await detectText(`${'\n'.repeat(500)}<html><body>x</body></html>`, 'download')).toBe(
      'text/html',
    );
  });

  it('text that is a program of its own (RTF, PostScript) is not read as text', async () => {
    expect(await detectText('{\\rtf1\\ansi Hello}', 'letter.txt')).toBeNull();
    expect(await detectText('%!PS-Adobe-3.0\n/Times findfont', 'letter.txt')).toBeNull();
  });

  it('text in an eight-bit alphabet that we cannot tell is refused rather than stored as gibberish', async () => {
    const koi8 = Buffer.from(
      [...'привет мир '.repeat(20)].map((letter) =>
        letter === ' ' ? 0x20 : 0xc0 + (letter.charCodeAt(0) & 0x1f),
      ),
    );
    expect(await detector.detect(koi8, 'letter.txt')).toBeNull();
  });
});

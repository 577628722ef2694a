import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ProcessingFailure } from '../../src/errors.js';
import { withSmallTexts } from '../../src/extraction/small-texts.js';
import { writeBombDocx } from '../corpus/make-bomb.js';
import {
  collect,
  extractText,
  MIB,
  mimeTypeOf,
  segmentsOf,
  textOf,
  useExtractionHarness,
} from '../support/extraction.js';

const harness = useExtractionHarness();

describe('the text of a document', () => {
  it.each([
    ['bees.docx', 'her sisters about it with the waggle dance'],
    ['bees.docx', 'July\tharvest\tthree quarters of cells capped\n'],
    ['railway.docx', 'draws a braking curve and intervenes'],
    ['contract-law.odt', 'the rule in Hadley v Baxendale, where a mill stood idle'],
    ['contract-law.pdf', 'a peppercorn will do'],
    ['owner-password.pdf', 'harmonic tremor often follows'],
    ['observatory.xlsx', 'Telescopes\nName\tAperture in metres\tSite\tFirst light'],
    [
      'observatory.xlsx',
      'Gran Telescopio Canarias\t10.4\tLa Palma\t2007-07-13\tspectra of faint galaxies',
    ],
    ['reefs.html', 'the polyp gives them shelter — and most of its colour comes from them.'],
    ['reefs.html', 'What happens at 30 °C\n\nOne degree'],
    ['knots.md', '# Knots for a small boat\n'],
    ['tea.txt', 'Green, oolong and black tea'],
    ['coffee.csv', 'crème brûlée as it cools'],
    ['planets.json', 'Olympus Mons is the tallest mountain'],
    ['bom.txt', 'boiling water draws out the catechins'],
    ['utf16le.txt', 'boiling water draws out the catechins'],
    ['utf16be-bom.txt', 'boiling water draws out the catechins'],
    ['latin1.txt', 'Die Straße führt über den Fluß'],
    ['nul-bytes.txt', 'The tide table was exported by a program that ends'],
    ['lone-surrogates.txt', 'the lighthouse flashes twice every ten seconds'],
    ['lone-surrogates.json', 'escaped \\ud800 and \\u0000 are six characters each'],
  ])('is read from %s: %j', async (name, phrase) => {
    expect(await textOf(harness.start(), name)).toContain(phrase);
  });

  it('is the same for short texts in the worker and in a child', async () => {
    const child = harness.start();
    let passedOn = 0;
    const inWorker = withSmallTexts({
      ...child,
      extract: (file) => {
        passedOn += 1;
        return child.extract(file);
      },
    });
    const names = [
      'tea.txt',
      'knots.md',
      'coffee.csv',
      'planets.json',
      'bom.txt',
      'utf16le.txt',
      'utf16be-bom.txt',
      'latin1.txt',
    ];
    for (const name of [...names, 'nul-bytes.txt', 'lone-surrogates.txt', 'lone-surrogates.json']) {
      expect([name, await textOf(inWorker, name)]).toEqual([name, await textOf(child, name)]);
    }
    expect(passedOn).toBe(0);
  });

  it('has no scripts, styles or comments of a page', async () => {
    expect(await textOf(harness.start(), 'reefs.html')).not.toMatch(
      /never|comment that is no text/,
    );
  });

  it('has no byte order mark', async () => {
    const extractor = harness.start();
    const plain = await textOf(extractor, 'tea.txt');
    for (const name of ['bom.txt', 'utf16le.txt', 'utf16be-bom.txt'])
      expect(await textOf(extractor, name)).toBe(plain);
  });

  it.each([
    ['volcanoes.pdf', 1, 'Every eruption begins with rock that melts at depth'],
    ['volcanoes.pdf', 2, 'harmonic tremor'],
    ['volcanoes.pdf', 3, 'There is no shelter from a pyroclastic density current'],
    ['volcanoes.pdf', 4, 'the lahar that buried Armero in 1985'],
    ['volcanoes.pdf', 3, 'such a flow from Mont Pelée reached'],
    ['volcanoes.pdf', 4, 'when Eyjafjallajökull erupted'],
    ['sourdough.pptx', 2, 'lactic acid bacteria sour it'],
    ['sourdough.pptx', 2, 'Discard most of the starter before each feeding'],
    ['sourdough.pptx', 6, 'Let the loaf cool for an hour'],
  ])('has page numbers in %s: page %d has %j', async (name, page, phrase) => {
    const segments = await segmentsOf(harness.start(), name);
    expect(
      segments.filter(({ text }) => text.includes(phrase)).map((segment) => segment.page),
    ).toEqual([page]);
  });

  it('has no page numbers in a format without pages', async () => {
    expect((await segmentsOf(harness.start(), 'bees.docx')).map(({ page }) => page)).toEqual([
      null,
    ]);
  });

  it.each(['scan.pdf', 'empty-pages-1000.pdf'])(
    'has no segment if there is none: %s',
    async (name) => {
      expect(await segmentsOf(harness.start(), name)).toEqual([]);
    },
  );
});

describe('the segments of a text', () => {
  it('hold no NUL and no half of a surrogate pair in any format', async () => {
    const extractor = harness.start();
    for (const name of [
      'nul-bytes.txt',
      'lone-surrogates.txt',
      'utf16le.txt',
      'bees.docx',
      'volcanoes.pdf',
    ]) {
      const text = await textOf(extractor, name);
      expect(text).not.toContain('\0');
      expect(text.isWellFormed()).toBe(true);
    }
  });

  it('have a limited size and do not split characters', async () => {
    const original = `a${'😀'.repeat(100_000)}`;
    const text = await extractText(harness.start(), original);
    const segments = (await collect(text.segments())).map((segment) => segment.text);
    expect(segments.length).toBeGreaterThan(3);
    expect(segments.every((segment) => segment.isWellFormed() && segment.length <= 65_536)).toBe(
      true,
    );
    expect(segments.join('')).toBe(original);
  });

  it('keep the line separators of Unicode', async () => {
    const text = await extractText(harness.start(), 'one\u2028two\u2029three\r\nfour');
    expect((await collect(text.segments())).map((segment) => segment.text)).toEqual([
      'one\u2028two\u2029three\r\nfour',
    ]);
  });

  it('can be read several times until they are disposed of, which may be repeated', async () => {
    const text = await extractText(harness.start(), 'the same');
    expect(await collect(text.segments())).toEqual(await collect(text.segments()));
    await text.dispose();
    await text.dispose();
    expect(await harness.leftovers()).toEqual([]);
  });

  it('take memory that does not grow with the size of a plain text', async () => {
    const line = Buffer.from('a line of text that is repeated until it is large\n'.repeat(2_000));
    const content = Readable.from(Array<Buffer>(600).fill(line));
    const text = await harness
      .start({ maxRssBytes: 150 * MIB })
      .extract({ mimeType: 'text/plain', content, signal: new AbortController().signal });
    let chars = 0;
    for await (const segment of text.segments()) chars += segment.text.length;
    expect(chars).toBe(line.length * 600);
  });
});

describe('the error of an unreadable file', () => {
  it.each([
    ['encrypted.pdf', 'ENCRYPTED'],
    ['encrypted.docx', 'ENCRYPTED'],
    ['encrypted.odt', 'ENCRYPTED'],
    ['truncated.pdf', 'CORRUPT'],
    ['truncated.docx', 'CORRUPT'],
    ['plain-zip.docx', 'UNSUPPORTED_CONTENT'],
  ])('has a code: %s is %s', async (name, code) => {
    await expect(segmentsOf(harness.start(), name)).rejects.toMatchObject({
      name: 'ProcessingFailure',
      code,
    });
    expect(await harness.leftovers()).toEqual([]);
  });

  it('is CORRUPT if a checksum differs', async () => {
    const path = join(harness.workDir(), 'wrong-checksum.docx');
    await writeBombDocx(path, { inflatedBytes: MIB });
    await expect(segmentsOf(harness.start(), path)).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  it('is UNSUPPORTED_CONTENT for an Excel sheet that was declared a Word document', async () => {
    const mimeType = await mimeTypeOf('bees.docx');
    const content = createReadStream(new URL('../corpus/observatory.xlsx', import.meta.url));
    await expect(
      harness.start().extract({ mimeType, content, signal: new AbortController().signal }),
    ).rejects.toMatchObject({
      code: 'UNSUPPORTED_CONTENT',
    });
  });

  it('quotes no library, no path and no stack', async () => {
    const failure = await segmentsOf(harness.start(), 'truncated.pdf').catch(
      (error: unknown) => error as ProcessingFailure,
    );
    expect(failure).toMatchObject({
      message: 'The PDF is damaged and cannot be opened. Upload it again from the original.',
    });
    expect(String((failure as ProcessingFailure).cause)).toContain('Invalid');
  });

  it('is the error of the blob store if that failed', async () => {
    const missing = new ProcessingFailure('BLOB_MISSING', 'The stored file is missing.');
    const content = new Readable({ read: () => content.destroy(missing) });
    await expect(
      harness
        .start()
        .extract({ mimeType: 'text/plain', content, signal: new AbortController().signal }),
    ).rejects.toBe(missing);
    expect(await harness.leftovers()).toEqual([]);
  });
});

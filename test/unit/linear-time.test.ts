import fc from 'fast-check';
import { chunkText, countChunks } from '../../src/documents/chunking.js';
import { toSafeFilename } from '../../src/documents/filename.js';
import type { TextSegment } from '../../src/documents/ports.js';
import { createFormatDetector } from '../../src/extraction/format-detector.js';

const KB = 1_000;
/**
 * Limit of one step on a busy machine. A step whose time grows faster than its input takes seconds
 * here, or never ends.
 */
const MAX_MS = 400;
const RUNS = { numRuns: 150 };

/** Tokens for which the detector and the readers search. */
const TOKENS = [
  '<!--', '-->', '<!---->', '<?xml', '?>', '<!doctype', '<html', '<svg', '<', '>', '%PDF-', '%PDF-1', '1 0 obj', ' obj', '1', '0 ', 'PK\x03\x04', 'PK\x05\x06',
  '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', '{\\rtf', '%!PS', '-----BEGIN PGP', '\xff\xfe', '\xfe\xff', '\0', '{', '[', '"', '\\', ',', ' ', '\t', '\n', '\r\n', '\xa0', '\x1b', 'a', '.',
  'mimetype', 'word/', '[Content_Types].xml', 'ID3', 'RIFF', '\x89PNG\r\n\x1a\n', '\x00\x00\x00\x18ftyp', 'OggS', '\x1aE\xdf\xa3', 'MZ', 'BM', '\u3000', '\u0301', '。', '”',
]; // prettier-ignore

const detector = createFormatDetector();

/** Yields repeated tokens after a start of other tokens. */
const repeatedText = fc
  .record({
    start: fc.array(fc.constantFrom(...TOKENS), { maxLength: 3 }),
    repeated: fc.array(fc.constantFrom(...TOKENS), { minLength: 1, maxLength: 4 }),
    length: fc.constantFrom(KB, 8 * KB, 64 * KB),
    end: fc.constantFrom('', 'x', ...TOKENS),
  })
  .map(({ start, repeated, length, end }) => {
    const unit = repeated.join('');
    return start.join('') + unit.repeat(Math.ceil(length / unit.length)) + end;
  });

async function elapsedMs(action: () => unknown): Promise<number> {
  const startedAt = performance.now();
  await action();
  return performance.now() - startedAt;
}

async function* segments(text: string, size: number): AsyncGenerator<TextSegment> {
  for (let start = 0; start < text.length; start += size)
    yield { text: text.slice(start, start + size), page: null };
}

describe('time is proportional to the input', () => {
  it('when a format is detected', async () => {
    const names = fc.constantFrom('x', 'x.pdf', 'x.docx', 'x.html', 'x.txt', 'x.odt');
    const property = fc.asyncProperty(repeatedText, names, async (text, name) => {
      expect(
        await elapsedMs(() => detector.detect(Buffer.from(text, 'latin1'), name)),
      ).toBeLessThan(MAX_MS);
    });
    await fc.assert(property, RUNS);
  });

  it('when passages are cut', async () => {
    const property = fc.asyncProperty(
      repeatedText,
      fc.constantFrom(1, 100, 32_768),
      async (text, size) => {
        expect(await elapsedMs(() => countChunks(segments(text, size), 20_000))).toBeLessThan(
          MAX_MS,
        );
      },
    );
    await fc.assert(property, RUNS);
  });

  it('when a file name is made safe', () => {
    const property = fc.property(repeatedText, (name) => {
      const startedAt = performance.now();
      toSafeFilename(name);
      expect(performance.now() - startedAt).toBeLessThan(MAX_MS);
    });
    fc.assert(property, RUNS);
  });
});

describe('detecting a format', () => {
  it('reads the first bytes only', async () => {
    const head = Buffer.alloc(detector.headBytes, 'a');
    const binary = Buffer.alloc(100_000, 0x01);
    expect(await detector.detect(Buffer.concat([head, binary]), 'x.bin')).toBe('text/plain');
  });

  it.each([
    [
      'comments and a declaration',
      `<?xml version="1.0"?>\n${'<!-- a -->'.repeat(50)}\n<html>`,
      'text/html',
    ],
    ['a comment that holds another tag', '<!-- <p> --><!doctype html>', 'text/html'],
    ['a comment that never ends', '<!-- <html>', 'text/plain'],
    ['comments before another tag', `${'<!---->'.repeat(40)}<svg>`, 'text/plain'],
  ])('reads past %s', async (_, text, mimeType) => {
    expect(await detector.detect(Buffer.from(text), 'download')).toBe(mimeType);
  });
});

describe('the main thread during chunking', () => {
  it('handles other work every few milliseconds', async () => {
    const text = `${' '.repeat(900)}${'word '.repeat(180)}`.repeat(20);
    const many = Array.from({ length: 600 }, (): TextSegment => ({ text, page: null }));
    let turns = 0;
    let isRunning = true;
    const count = (): void => {
      turns += 1;
      if (isRunning) setImmediate(count);
    };
    setImmediate(count);
    // All segments are available at once: only the chunking itself yields to other work.
    const tookMs = await elapsedMs(async () => {
      for await (const chunk of chunkText(available(many))) if (chunk.index > 1e9) break;
    });
    isRunning = false;
    expect(turns).toBeGreaterThan(tookMs / 100);
  });
});

async function* available<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

import { chunkText, countChunks, MAX_CHUNK_LENGTH } from '../../src/documents/chunking.js';
import type { Chunk } from '../../src/documents/document.js';
import type { TextSegment } from '../../src/documents/ports.js';

/** Returns numbers from 0 to 1 that are the same in every run. Source: mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const PIECES = [
  'word',
  'a',
  'Überraschung',
  '漢字',
  '。',
  '😀',
  '👩‍👩‍👧',
  '. ',
  '! ',
  '?" ',
  ' ',
  '  ',
  '\n',
  '\n\n',
  '\n \n',
  '\t',
  '\u00a0',
  'x'.repeat(300),
];

function randomText(random: () => number, length: number): string {
  let text = '';
  while (text.length < length) text += PIECES[Math.floor(random() * PIECES.length)] ?? '';
  return text;
}

/** Returns pages of random length, some of them blank. */
function randomPages(random: () => number): TextSegment[] {
  return Array.from({ length: 1 + Math.floor(random() * 6) }, (_, index) => ({
    text: random() < 0.2 ? ' \n ' : randomText(random, random() * 6_000),
    page: index + 1,
  }));
}

/** Returns the same text in other segments, cut anywhere. */
function resegment(random: () => number, pages: readonly TextSegment[]): TextSegment[] {
  return pages.flatMap(({ text, page }) => {
    const segments: TextSegment[] = [];
    for (let start = 0; start < text.length;) {
      const end = start + Math.ceil(random() * 700);
      segments.push({ text: text.slice(start, end), page });
      start = end;
    }
    return segments;
  });
}

async function* stream(segments: Iterable<TextSegment>): AsyncGenerator<TextSegment> {
  yield* segments;
}

async function chunksOf(segments: Iterable<TextSegment>): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  for await (const chunk of chunkText(stream(segments))) chunks.push(chunk);
  return chunks;
}

const chunksOfText = (text: string) => chunksOf([{ text, page: null }]);
const textsOf = (chunks: readonly Chunk[]) => chunks.map(({ text }) => text);
const withoutSpace = (text: string) => text.replace(/\s/g, '');

describe.each(Array.from({ length: 40 }, (_, seed) => seed))(
  'chunks of the random text %d',
  (seed) => {
    const random = createRandom(seed);
    const pages = randomPages(random);
    const whole = pages.map(({ text }) => text).join('');
    let chunks: Chunk[];
    beforeAll(async () => {
      chunks = await chunksOf(pages);
    });

    it('are located at their offsets', () => {
      for (const { text, charStart, charEnd } of chunks)
        expect(whole.slice(charStart, charEnd)).toBe(text);
    });

    it('are numbered from 0 in order, and do not overlap', () => {
      expect(chunks.map(({ index }) => index)).toEqual(chunks.map((_, index) => index));
      for (const [index, chunk] of chunks.entries())
        expect(chunk.charStart).toBeGreaterThanOrEqual(chunks[index - 1]?.charEnd ?? 0);
    });

    it('omit only white space', () => {
      expect(withoutSpace(textsOf(chunks).join(''))).toBe(withoutSpace(whole));
    });

    it('have at least one character and at most MAX_CHUNK_LENGTH', () => {
      for (const { text } of chunks) {
        expect(text.length).toBeGreaterThan(0);
        expect(text.length).toBeLessThanOrEqual(MAX_CHUNK_LENGTH);
        expect(text).toBe(text.trim());
      }
    });

    it('never span two pages', () => {
      let start = 0;
      for (const { text, page } of pages) {
        const end = start + text.length;
        const inside = chunks.filter(
          ({ charStart, charEnd }) => charStart < end && charEnd > start,
        );
        for (const chunk of inside)
          expect([chunk.page, chunk.charStart >= start, chunk.charEnd <= end]).toEqual([
            page,
            true,
            true,
          ]);
        start = end;
      }
    });

    it('split no character', () => {
      for (const { text } of chunks) expect(text.isWellFormed()).toBe(true);
    });

    it('are the same for every segmentation of the text', async () => {
      expect(await chunksOf(resegment(random, pages))).toEqual(chunks);
    });

    it('have the counted number', async () => {
      expect(await countChunks(stream(pages), 1_000_000)).toBe(chunks.length);
    });
  },
);

describe('a passage', () => {
  const half = 'word '.repeat(120);
  const long = 'word '.repeat(150);

  it('ends with a short text', async () => {
    expect(textsOf(await chunksOfText('One. Two.\n\nThree.'))).toEqual(['One. Two.\n\nThree.']);
  });

  it('ends at a paragraph rather than at a line', async () => {
    const [first] = await chunksOfText(`${half}one\n\n${'more '.repeat(20)}\n${long}`);
    expect(first?.text.endsWith('one')).toBe(true);
  });

  it('ends at a line rather than at a sentence', async () => {
    const [first] = await chunksOfText(`${half}one\n${'more '.repeat(20)}end. ${long}`);
    expect(first?.text.endsWith('one')).toBe(true);
  });

  it('ends at a sentence rather than at a word', async () => {
    const [first] = await chunksOfText(`${half}said “one.” ${long}`);
    expect(first?.text.endsWith('said “one.”')).toBe(true);
  });

  it('ends at a sentence of a script without spaces', async () => {
    const [first] = await chunksOfText(`${'字'.repeat(600)}。${'字'.repeat(800)}`);
    expect(first?.text.length).toBe(601);
  });

  it('ends at a word rather than inside one', async () => {
    const chunks = await chunksOfText('word '.repeat(1_000));
    for (const { text } of chunks) expect(text).toMatch(/^word( word)*$/);
  });

  it('ends between two characters if there is no boundary, and splits no surrogate pair', async () => {
    const chunks = await chunksOfText(`x${'😀'.repeat(1_000)}`);
    expect(chunks.length).toBeGreaterThan(2);
    for (const { text } of chunks) expect(text.isWellFormed()).toBe(true);
    expect(textsOf(chunks).join('')).toHaveLength(2_001);
  });

  it('does not end so early that passages get tiny', async () => {
    const [first] = await chunksOfText(`Title\n\n${'word '.repeat(500)}`);
    expect(first?.text.length).toBeGreaterThan(MAX_CHUNK_LENGTH / 2);
  });
});

describe('counting chunks', () => {
  it('stops soon after the limit', async () => {
    let read = 0;
    async function* long(): AsyncGenerator<TextSegment> {
      while (read < 5_000) yield { text: 'A sentence of six words here. ', page: (read += 1) };
    }
    expect(await countChunks(long(), 50)).toBe(51);
    expect(read).toBeLessThan(60);
  });

  it('returns 0 for a text without words', async () => {
    expect(await countChunks(stream([{ text: ' \n\t\u00a0', page: 1 }]), 10)).toBe(0);
    expect(await countChunks(stream([]), 10)).toBe(0);
  });
});

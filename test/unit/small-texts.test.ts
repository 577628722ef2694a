import { Readable } from 'node:stream';
import type { Extractor } from '../../src/documents/ports.js';
import { withSmallTexts } from '../../src/extraction/small-texts.js';

const LIMIT = 32 * 1024;

/** Answers everything that it is given, and remembers that it was asked. */
function startExtractor(): { extractor: Extractor; given: Buffer[] } {
  const given: Buffer[] = [];
  const extractor: Extractor = {
    extract: async ({ content }) => {
      given.push(Buffer.concat((await content.toArray()) as Buffer[]));
      return { segments: async function* () {}, dispose: () => Promise.resolve() };
    },
    stop: () => Promise.resolve(),
  };
  return { extractor: withSmallTexts(extractor), given };
}

function fileOf(bytes: Buffer, mimeType = 'text/plain', signal = new AbortController().signal) {
  return {
    mimeType,
    content: Readable.from([bytes.subarray(0, 1_000), bytes.subarray(1_000)], {
      objectMode: false,
    }),
    signal,
  };
}

async function textOf(bytes: Buffer): Promise<string> {
  const text = await startExtractor().extractor.extract(fileOf(bytes));
  let all = '';
  for await (const segment of text.segments()) all += segment.text;
  return all;
}

describe('short plain texts', () => {
  it('are read without a child process', async () => {
    const { extractor, given } = startExtractor();
    await extractor.extract(fileOf(Buffer.alloc(LIMIT, 'x')));
    expect(given).toEqual([]);
  });

  it.each([
    ['a byte order mark is no text', Buffer.from('\uFEFFtide'), 'tide'],
    ['UTF-16 is told by its bytes', Buffer.from('the tide table', 'utf16le'), 'the tide table'],
    ['old Western text is read', Buffer.from('Die Straße', 'latin1'), 'Die Straße'],
    ['NUL characters go', Buffer.from('ti\0de'), 'tide'],
    ['an empty file has no text', Buffer.alloc(0), ''],
  ])('%s', async (_, bytes, text) => {
    expect(await textOf(bytes)).toBe(text);
  });

  it('a longer one goes to a child process, whole', async () => {
    const { extractor, given } = startExtractor();
    const bytes = Buffer.from('0123456789'.repeat(10_000));
    await extractor.extract(fileOf(bytes));
    expect(given).toEqual([bytes]);
  });

  it('no other format is read here', async () => {
    const { extractor, given } = startExtractor();
    await extractor.extract(fileOf(Buffer.from('<p>x</p>'), 'text/html'));
    expect(given).toHaveLength(1);
  });

  it('one whose run has ended is not read, and its file is closed', async () => {
    const file = fileOf(
      Buffer.from('tide'),
      'text/plain',
      AbortSignal.abort(new Error('the lease is lost')),
    );
    await expect(startExtractor().extractor.extract(file)).rejects.toThrow('the lease is lost');
    expect(file.content.destroyed).toBe(true);
  });
});

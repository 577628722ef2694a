import { Readable } from 'node:stream';
import type { Extractor } from '../../src/documents/ports.js';
import { withSmallTexts } from '../../src/extraction/small-texts.js';

const LIMIT = 32 * 1024;

/** Returns an extractor for small texts, and the contents that it passes on. */
function startExtractor(): { extractor: Extractor; passedOn: Buffer[] } {
  const passedOn: Buffer[] = [];
  const extractor: Extractor = {
    extract: async ({ content }) => {
      passedOn.push(Buffer.concat((await content.toArray()) as Buffer[]));
      return { segments: async function* () {}, dispose: () => Promise.resolve() };
    },
    stop: () => Promise.resolve(),
  };
  return { extractor: withSmallTexts(extractor), passedOn };
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

describe('withSmallTexts', () => {
  it('reads a short text without a child process', async () => {
    const { extractor, passedOn } = startExtractor();
    await extractor.extract(fileOf(Buffer.alloc(LIMIT, 'x')));
    expect(passedOn).toEqual([]);
  });

  it.each([
    ['without a byte order mark', Buffer.from('\uFEFFtide'), 'tide'],
    ['in UTF-16', Buffer.from('the tide table', 'utf16le'), 'the tide table'],
    ['in windows-1252', Buffer.from('Die Straße', 'latin1'), 'Die Straße'],
    ['without NUL characters', Buffer.from('ti\0de'), 'tide'],
    ['of an empty file', Buffer.alloc(0), ''],
  ])('reads a text %s', async (_, bytes, text) => {
    expect(await textOf(bytes)).toBe(text);
  });

  it('passes a longer text on as a whole', async () => {
    const { extractor, passedOn } = startExtractor();
    const bytes = Buffer.from('0123456789'.repeat(10_000));
    await extractor.extract(fileOf(bytes));
    expect(passedOn).toEqual([bytes]);
  });

  it('passes other formats on', async () => {
    const { extractor, passedOn } = startExtractor();
    await extractor.extract(fileOf(Buffer.from('<p>x</p>'), 'text/html'));
    expect(passedOn).toHaveLength(1);
  });

  it('rejects and closes a file whose signal has aborted', async () => {
    const file = fileOf(
      Buffer.from('tide'),
      'text/plain',
      AbortSignal.abort(new Error('the lease is lost')),
    );
    await expect(startExtractor().extractor.extract(file)).rejects.toThrow('the lease is lost');
    expect(file.content.destroyed).toBe(true);
  });
});

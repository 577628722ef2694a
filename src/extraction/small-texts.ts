/**
 * Short plain texts are read in the worker itself. What a child process protects from (parsers that
 * hang, archives that inflate, memory without end) they cannot do: decoding is linear, and what is
 * read is at most this long. A child costs such a text ten times its work.
 */
import { Readable } from 'node:stream';
import type { ExtractedText, Extractor } from '../documents/ports.js';
import { isTextType, MAX_SHORT_TEXT_BYTES } from '../documents/reading-load.js';
import { storableText } from './segment-file.js';
import {
  createByteCounter,
  eightBitEncoding,
  isCleanAscii,
  utf16Encoding,
  type Encoding,
} from './text-encoding.js';

/** Everything else, and every longer text, goes to `extractor`. */
export function withSmallTexts(extractor: Extractor): Extractor {
  return {
    extract: async (file) => {
      if (!isTextType(file.mimeType)) return extractor.extract(file);
      const source = file.content[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
      const head = await readHead(source).catch(() => null);
      if (file.signal.aborted) file.content.destroy();
      file.signal.throwIfAborted();
      // A file that cannot be read fails there as any other does.
      if (head === null) return extractor.extract(file);
      if (head.isWhole) return toText(Buffer.concat(head.parts));
      return extractor.extract({
        ...file,
        content: Readable.from(rejoin(head.parts, source), { objectMode: false }),
      });
    },
    stop: () => extractor.stop(),
  };
}

async function readHead(
  source: AsyncIterator<Buffer, undefined>,
): Promise<{ parts: Buffer[]; isWhole: boolean }> {
  const parts: Buffer[] = [];
  for (let length = 0; length <= MAX_SHORT_TEXT_BYTES;) {
    const next = await source.next();
    if (next.done === true) return { parts, isWhole: true };
    parts.push(next.value);
    length += next.value.length;
  }
  return { parts, isWhole: false };
}

async function* rejoin(
  parts: readonly Buffer[],
  source: AsyncIterator<Buffer, undefined>,
): AsyncGenerator<Buffer> {
  try {
    yield* parts;
    for (let next = await source.next(); next.done !== true; next = await source.next())
      yield next.value;
  } finally {
    await source.return?.();
  }
}

function toText(bytes: Buffer): ExtractedText {
  const text = storableText(new TextDecoder(encodingOf(bytes)).decode(bytes));
  return {
    segments: async function* () {
      if (text !== '') yield { text, page: null };
    },
    dispose: () => Promise.resolve(),
  };
}

/** UTF-16 is told by the first bytes, as for longer texts. */
function encodingOf(bytes: Buffer): Encoding {
  if (isCleanAscii(bytes)) return 'utf-8';
  const utf16 = utf16Encoding(bytes.subarray(0, HEAD_BYTES));
  if (utf16 !== null) return utf16;
  const counter = createByteCounter();
  counter.push(bytes);
  return eightBitEncoding(counter.statistics());
}

const HEAD_BYTES = 8_192;

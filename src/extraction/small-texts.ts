/**
 * Reads short plain texts in the worker itself. A child process protects from parsers that hang,
 * archives that inflate, and unlimited memory. A short plain text has none of these dangers:
 * decoding takes linear time, and its length is limited. A child process would take ten times as
 * long.
 */
import { Readable } from 'node:stream';
import type { ExtractedText, Extractor } from '../documents/ports.js';
import { isTextType, MAX_SHORT_TEXT_BYTES } from '../documents/reading-load.js';
import { readHead, replay } from '../runtime/replay.js';
import { storableText } from './segment-file.js';
import {
  createByteCounter,
  eightBitEncoding,
  HEAD_BYTES,
  isCleanAscii,
  utf16Encoding,
  type Encoding,
} from './text-encoding.js';

/** Passes longer texts and all other formats to `extractor`. */
export function withSmallTexts(extractor: Extractor): Extractor {
  return {
    extract: async (file) => {
      if (!isTextType(file.mimeType)) return extractor.extract(file);
      const source = file.content[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
      const head = await readHead(source, { minBytes: MAX_SHORT_TEXT_BYTES + 1 }).catch(() => null);
      if (file.signal.aborted) file.content.destroy();
      file.signal.throwIfAborted();
      // The extractor reports a file that cannot be read.
      if (head === null) return extractor.extract(file);
      if (head.isWhole) return toText(Buffer.concat(head.buffers));
      return extractor.extract({
        ...file,
        content: Readable.from(replay(head.buffers, source), { objectMode: false }),
      });
    },
    stop: () => extractor.stop(),
  };
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

/** Detects UTF-16 by the first bytes, as for longer texts. */
function encodingOf(bytes: Buffer): Encoding {
  if (isCleanAscii(bytes)) return 'utf-8';
  const utf16 = utf16Encoding(bytes.subarray(0, HEAD_BYTES));
  if (utf16 !== null) return utf16;
  const counter = createByteCounter();
  counter.push(bytes);
  return eightBitEncoding(counter.statistics());
}

/**
 * The reader of plain text, Markdown, CSV and JSON: all characters, decoded from any supported
 * encoding. It streams the file twice: first to detect the encoding.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { TextSegment } from '../../documents/ports.js';
import {
  createByteCounter,
  eightBitEncoding,
  HEAD_BYTES,
  utf16Encoding,
  type Encoding,
} from '../text-encoding.js';

export async function* readText(path: string): AsyncIterable<TextSegment> {
  for await (const text of decodedText(path, await encodingOf(path))) yield { text, page: null };
}

/** Yields the decoded text, without the byte order mark. */
export async function* decodedText(path: string, encoding: string): AsyncIterable<string> {
  const decoder = new TextDecoder(encoding);
  for await (const bytes of createReadStream(path) as AsyncIterable<Buffer>)
    yield decoder.decode(bytes, { stream: true });
  yield decoder.decode();
}

export async function encodingOf(path: string): Promise<Encoding> {
  const utf16 = utf16Encoding(await headOf(path));
  if (utf16 !== null) return utf16;
  const counter = createByteCounter();
  for await (const bytes of createReadStream(path) as AsyncIterable<Buffer>) counter.push(bytes);
  return eightBitEncoding(counter.statistics());
}

export async function headOf(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

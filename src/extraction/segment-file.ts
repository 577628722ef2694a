/**
 * Extracted text on disk. The child writes it, the parent reads it; it is never whole in memory.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { TextSegment } from '../documents/ports.js';
import { splitsCharacter } from '../documents/text-cut.js';
import { ProcessingFailure } from '../errors.js';

/** UTF-16 code units of one segment. Larger ones need larger buffers, smaller ones more lines. */
const SEGMENT_CHARS = 32_768;

interface StoredSegment {
  t: string;
  p: number | null;
}

export async function writeSegments(
  path: string,
  segments: AsyncIterable<TextSegment>,
  maxTextChars: number,
): Promise<void> {
  const file = await open(path, 'w');
  try {
    let chars = 0;
    for await (const segment of evenSegments(segments)) {
      chars += segment.text.length;
      if (chars > maxTextChars) throw tooMuchText(maxTextChars);
      await file.write(toLine(segment));
    }
  } finally {
    await file.close();
  }
}

function tooMuchText(maxTextChars: number): ProcessingFailure {
  return new ProcessingFailure(
    'EXTRACTION_LIMIT',
    `The document has more than the limit of ${maxTextChars} characters of text. ` +
      'Split it, and upload it again.',
  );
}

function toLine({ text, page }: TextSegment): string {
  return `${JSON.stringify({ t: text, p: page } satisfies StoredSegment)}\n`;
}

/** Joins small segments of one page, and cuts large ones. */
async function* evenSegments(segments: AsyncIterable<TextSegment>): AsyncIterable<TextSegment> {
  let pending: TextSegment = { text: '', page: null };
  for await (const segment of segments) {
    if (segment.page !== pending.page) {
      if (pending.text !== '') yield pending;
      pending = { text: '', page: segment.page };
    }
    pending.text += storableText(segment.text);
    while (pending.text.length >= SEGMENT_CHARS) {
      const end = splitsCharacter(pending.text, SEGMENT_CHARS) ? SEGMENT_CHARS - 1 : SEGMENT_CHARS;
      yield { text: pending.text.slice(0, end), page: pending.page };
      pending = { text: pending.text.slice(end), page: pending.page };
    }
  }
  if (pending.text !== '') yield pending;
}

/**
 * Removes NUL characters and halves of surrogate pairs, which PostgreSQL does not store. This
 * happens for every format before offsets are counted. No reader splits a pair over two segments.
 */
export function storableText(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}

export async function* readSegments(path: string): AsyncIterable<TextSegment> {
  for await (const line of linesOf(path)) {
    const stored = JSON.parse(line) as StoredSegment;
    yield { text: stored.t, page: stored.p };
  }
}

/** Replaces node:readline, which also ends lines at U+2028; JSON does not escape that. */
async function* linesOf(path: string): AsyncIterable<string> {
  let rest = '';
  for await (const chunk of createReadStream(path, { encoding: 'utf8' }) as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

/** Extracted text on disk: written by the child, read by the parent, never whole in memory. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { TextSegment } from '../documents/ports.js';
import { ProcessingFailure } from '../errors.js';

/** UTF-16 code units in one segment: large enough to be few, small enough for any buffer. */
const SEGMENT_CHARS = 32_768;

interface StoredSegment {
  t: string;
  p: number | null;
}

export async function writeSegments(
  path: string,
  pieces: AsyncIterable<TextSegment>,
  maxTextChars: number,
): Promise<void> {
  const file = await open(path, 'w');
  try {
    let chars = 0;
    for await (const segment of evenSegments(pieces)) {
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
    `The document holds more than ${maxTextChars} characters of text.`,
  );
}

function toLine({ text, page }: TextSegment): string {
  return `${JSON.stringify({ t: text, p: page } satisfies StoredSegment)}\n`;
}

/** Joins small pieces of one page and cuts large ones. */
async function* evenSegments(pieces: AsyncIterable<TextSegment>): AsyncIterable<TextSegment> {
  let pending: TextSegment = { text: '', page: null };
  for await (const piece of pieces) {
    if (piece.page !== pending.page) {
      if (pending.text !== '') yield pending;
      pending = { text: '', page: piece.page };
    }
    pending.text += storableText(piece.text);
    while (pending.text.length >= SEGMENT_CHARS) {
      const end = cutPosition(pending.text);
      yield { text: pending.text.slice(0, end), page: pending.page };
      pending = { text: pending.text.slice(end), page: pending.page };
    }
  }
  if (pending.text !== '') yield pending;
}

/**
 * PostgreSQL stores neither NUL characters nor halves of surrogate pairs. They go here, in every
 * format, before anybody counts an offset. (No reader splits a pair over two pieces.)
 */
export function storableText(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}

function cutPosition(text: string): number {
  const last = text.charCodeAt(SEGMENT_CHARS - 1);
  return last >= 0xd800 && last <= 0xdbff ? SEGMENT_CHARS - 1 : SEGMENT_CHARS;
}

export async function* readSegments(path: string): AsyncIterable<TextSegment> {
  for await (const line of linesOf(path)) {
    const stored = JSON.parse(line) as StoredSegment;
    yield { text: stored.t, page: stored.p };
  }
}

/** Not node:readline: it also ends lines at U+2028, which JSON leaves unescaped. */
async function* linesOf(path: string): AsyncIterable<string> {
  let rest = '';
  for await (const chunk of createReadStream(path, { encoding: 'utf8' }) as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

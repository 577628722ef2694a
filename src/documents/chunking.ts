/**
 * Cuts a text, as it streams by, into passages small enough to embed and to show as a search hit. A passage ends at the best
 * place near its full length: a paragraph, a line, a sentence, a word; it never spans two pages, and never cuts a character in two.
 * Neighbours overlap by nothing: an offset belongs to one passage, and a highlighted hit is never shown twice.
 */
import type { Chunk } from './document.js';
import type { TextSegment } from './ports.js';

/** UTF-16 code units: what the shipped encoder reads well, about 150 English words. */
export const MAX_CHUNK_LENGTH = 900;
/** A boundary is looked for in the last part of a full passage only, so that passages do not get tiny. */
const EARLIEST_BOUNDARY = 0.5;

const BOUNDARIES = [/\n\s*\n/g, /\n/g, /[.!?…。！？][)"'”’\]]*(?=\s)|[。！？]/gu, /\s/g];

/** Reads `segments` once; holds about one passage in memory. Passages of white space only are left out. */
export async function* chunkText(segments: AsyncIterable<TextSegment>): AsyncGenerator<Chunk> {
  let index = 0;
  for await (const piece of pieces(segments)) {
    const chunk = toChunk(piece, index);
    if (chunk === null) continue;
    index += 1;
    yield chunk;
  }
}

/** How many chunks there are, counting no further than `limit` + 1. */
export async function countChunks(segments: AsyncIterable<TextSegment>, limit: number): Promise<number> {
  let count = 0;
  for await (const chunk of chunkText(segments)) {
    count = chunk.index + 1;
    if (count > limit) break;
  }
  return count;
}

interface Piece {
  text: string;
  page: number | null;
  start: number;
}

async function* pieces(segments: AsyncIterable<TextSegment>): AsyncGenerator<Piece> {
  let rest: Piece = { text: '', page: null, start: 0 };
  for await (const segment of segments) {
    if (segment.page !== rest.page) {
      yield* cutAll(rest);
      rest = { text: '', page: segment.page, start: rest.start + rest.text.length };
    }
    rest = { ...rest, text: rest.text + segment.text };
    while (rest.text.length > 2 * MAX_CHUNK_LENGTH) {
      const end = cutAt(rest.text);
      yield { ...rest, text: rest.text.slice(0, end) };
      rest = { ...rest, text: rest.text.slice(end), start: rest.start + end };
    }
  }
  yield* cutAll(rest);
}

function* cutAll(piece: Piece): Generator<Piece> {
  let { text, start } = piece;
  while (text.length > 0) {
    const end = cutAt(text);
    yield { text: text.slice(0, end), page: piece.page, start };
    start += end;
    text = text.slice(end);
  }
}

/** Where the first passage of `text` ends: 1 to MAX_CHUNK_LENGTH. */
function cutAt(text: string): number {
  if (text.length <= MAX_CHUNK_LENGTH) return text.length;
  const window = text.slice(0, MAX_CHUNK_LENGTH);
  for (const boundary of BOUNDARIES) {
    const end = lastEnd(window, boundary);
    if (end > MAX_CHUNK_LENGTH * EARLIEST_BOUNDARY) return end;
  }
  return isHighSurrogate(window.charCodeAt(MAX_CHUNK_LENGTH - 1)) ? MAX_CHUNK_LENGTH - 1 : MAX_CHUNK_LENGTH;
}

function lastEnd(window: string, boundary: RegExp): number {
  let end = 0;
  for (const match of window.matchAll(boundary)) end = match.index + match[0].length;
  return end;
}

function isHighSurrogate(codeUnit: number): boolean {
  return codeUnit >= 0xd800 && codeUnit <= 0xdbff;
}

function toChunk(piece: Piece, index: number): Chunk | null {
  const text = piece.text.trim();
  if (text === '') return null;
  const charStart = piece.start + piece.text.indexOf(text);
  return { index, text, page: piece.page, charStart, charEnd: charStart + text.length };
}

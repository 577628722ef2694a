/**
 * Cuts a text, as it streams by, into passages small enough to embed and to show as a search hit. A
 * passage ends at the best place near its full length: a paragraph, a line, a sentence, a word; it
 * never spans two pages, and never cuts a character in two. Neighbours overlap by nothing: an
 * offset belongs to one passage, and a highlighted hit is never shown twice.
 *
 * Runs on the main thread: its cost is proportional to the text, white space between two passages
 * is skipped in one step, and other work gets its turn every few milliseconds.
 */
import { setImmediate } from 'node:timers/promises';
import type { Chunk } from './document.js';
import { passageEnd } from './passage-end.js';
import type { TextSegment } from './ports.js';

/** UTF-16 code units: what the shipped encoder reads well, about 150 English words. */
export const MAX_CHUNK_LENGTH = 900;
/** Longest stretch of work between two turns of the event loop. */
const MAX_STRETCH_MS = 10;

/**
 * Reads `segments` once; holds about one passage in memory. Passages of white space only are left
 * out.
 */
export async function* chunkText(segments: AsyncIterable<TextSegment>): AsyncGenerator<Chunk> {
  let index = 0;
  for await (const piece of pieces(segments)) {
    const text = piece.text.trimEnd();
    yield {
      index,
      text,
      page: piece.page,
      charStart: piece.start,
      charEnd: piece.start + text.length,
    };
    index += 1;
  }
}

/** How many chunks there are, counting no further than `limit` + 1. */
export async function countChunks(
  segments: AsyncIterable<TextSegment>,
  limit: number,
): Promise<number> {
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

/** Yields pieces that begin with a character that can be seen. */
async function* pieces(segments: AsyncIterable<TextSegment>): AsyncGenerator<Piece> {
  let rest: Piece = { text: '', page: null, start: 0 };
  let since = performance.now();
  for await (const segment of segments) {
    if (segment.page !== rest.page) {
      rest = yield* cutWhile(rest, 0);
      rest = { ...rest, page: segment.page };
    }
    rest = yield* cutWhile({ ...rest, text: rest.text + segment.text }, 2 * MAX_CHUNK_LENGTH);
    if (performance.now() - since < MAX_STRETCH_MS) continue;
    await setImmediate();
    since = performance.now();
  }
  yield* cutWhile(rest, 0);
}

/** Yields pieces as long as more than `enough` is left; returns what is left. */
function* cutWhile(whole: Piece, enough: number): Generator<Piece, Piece> {
  let rest = withoutLeadingSpace(whole);
  while (rest.text.length > enough) {
    const end = passageEnd(rest.text, MAX_CHUNK_LENGTH);
    yield { ...rest, text: rest.text.slice(0, end) };
    rest = withoutLeadingSpace({ ...rest, text: rest.text.slice(end), start: rest.start + end });
  }
  return rest;
}

function withoutLeadingSpace({ text, page, start }: Piece): Piece {
  const first = text.search(/\S/);
  const skipped = first === -1 ? text.length : first;
  return { text: text.slice(skipped), page, start: start + skipped };
}

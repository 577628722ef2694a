/**
 * Cuts a stream of text into passages that are small enough to embed and to show as a search hit. A
 * passage ends after a paragraph, line, sentence or word near its full length. It never spans two
 * pages and never splits a character. Passages do not overlap: an offset belongs to at most one of
 * them, so that no highlighted hit is shown twice.
 *
 * Chunking runs on the main thread. Its cost is proportional to the text, it skips white space
 * between two passages in one step, and it yields to other work every few milliseconds.
 */
import { setImmediate } from 'node:timers/promises';
import type { Chunk } from './document.js';
import { passageEnd } from './passage-end.js';
import type { TextSegment } from './ports.js';

/** UTF-16 code units, about 150 English words. The local embedder reads this length as a whole. */
export const MAX_CHUNK_LENGTH = 900;
/** Longest time between two turns of the event loop. */
const MAX_BLOCKING_MS = 10;

/**
 * Yields the passages of a text, without those that are only white space. Reads `segments` once and
 * holds about one passage in memory.
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

/** Returns the number of chunks, or `limit` + 1 if there are more than `limit`. */
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

/** Text that is not yet cut, or cut but not yet trimmed. */
interface Piece {
  text: string;
  page: number | null;
  start: number;
}

/** Yields pieces that start with a visible character. */
async function* pieces(segments: AsyncIterable<TextSegment>): AsyncGenerator<Piece> {
  let rest: Piece = { text: '', page: null, start: 0 };
  let lastTurnAt = performance.now();
  for await (const segment of segments) {
    if (segment.page !== rest.page) {
      rest = yield* cutWhile(rest, 0);
      rest = { ...rest, page: segment.page };
    }
    rest = yield* cutWhile({ ...rest, text: rest.text + segment.text }, 2 * MAX_CHUNK_LENGTH);
    if (performance.now() - lastTurnAt < MAX_BLOCKING_MS) continue;
    await setImmediate();
    lastTurnAt = performance.now();
  }
  yield* cutWhile(rest, 0);
}

/** Yields pieces while more than `maxLength` code units remain, and returns the remainder. */
function* cutWhile(whole: Piece, maxLength: number): Generator<Piece, Piece> {
  let rest = withoutLeadingSpace(whole);
  while (rest.text.length > maxLength) {
    const end = passageEnd(rest.text, MAX_CHUNK_LENGTH);
    yield { ...rest, text: rest.text.slice(0, end) };
    rest = withoutLeadingSpace({ ...rest, text: rest.text.slice(end), start: rest.start + end });
  }
  return rest;
}

function withoutLeadingSpace({ text, page, start }: Piece): Piece {
  const firstVisible = text.search(/\S/);
  const skipped = firstVisible === -1 ? text.length : firstVisible;
  return { text: text.slice(skipped), page, start: start + skipped };
}

/**
 * Finds the end of a passage. Each search goes back from the full length and visits a character at
 * most once, so its cost is linear in any text.
 */
import { splitsCharacter } from './text-cut.js';

/** Share of a full passage in which no boundary is searched, so that passages do not get tiny. */
const EARLIEST_BOUNDARY = 0.5;

const NEWLINE = 0x0a;
const SENTENCE_ENDS = codesOf('.!?…。！？');
/** Characters that end a sentence without a following space. */
const WIDE_SENTENCE_ENDS = codesOf('。！？');
const CLOSERS = codesOf(`)"'”’]`);
/** What `\s` matches beside U+0009 to U+000D, space and U+00A0. */
const RARE_SPACES = codesOf(
  '\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff',
);

function codesOf(characters: string): ReadonlySet<number> {
  return new Set([...characters].map((character) => character.charCodeAt(0)));
}

/**
 * Returns the index after the best boundary of `text`, from 1 to `max`. Returns the length of a
 * text that is not longer than `max`.
 */
export function passageEnd(text: string, max: number): number {
  if (text.length <= max) return text.length;
  const least = max * EARLIEST_BOUNDARY;
  for (const lastBoundary of [lastParagraph, lastLine, lastSentence, lastSpace]) {
    const end = lastBoundary(text, max, least);
    if (end > least) return end;
  }
  return splitsCharacter(text, max) ? max - 1 : max;
}

/**
 * Returns the index after the last two line ends with only white space between them. Like the
 * functions below, returns 0 if there is no boundary after `least`.
 */
function lastParagraph(text: string, max: number, least: number): number {
  let end = 0;
  for (let at = max - 1; at >= 0 && (end > 0 || at >= least); at -= 1) {
    const code = text.charCodeAt(at);
    if (code === NEWLINE && end > 0) return end;
    if (code === NEWLINE) end = at + 1;
    else if (!isSpace(code)) end = 0;
  }
  return 0;
}

function lastLine(text: string, max: number): number {
  return text.lastIndexOf('\n', max - 1) + 1;
}

/** Returns the index after the sentence and the quotation marks and brackets that close with it. */
function lastSentence(text: string, max: number, least: number): number {
  let closed = 0;
  for (let at = max - 1; at >= 0 && (closed > 0 || at >= least); at -= 1) {
    const code = text.charCodeAt(at);
    if (SENTENCE_ENDS.has(code) && closed > 0) return closed;
    if (WIDE_SENTENCE_ENDS.has(code)) return at + 1;
    if (isSpace(code)) closed = at;
    else if (!CLOSERS.has(code)) closed = 0;
  }
  return 0;
}

function lastSpace(text: string, max: number, least: number): number {
  for (let at = max - 1; at >= least; at -= 1) if (isSpace(text.charCodeAt(at))) return at + 1;
  return 0;
}

function isSpace(code: number): boolean {
  if (code < 0xa0) return code === 0x20 || (code >= 0x09 && code <= 0x0d);
  return code === 0xa0 || RARE_SPACES.has(code);
}

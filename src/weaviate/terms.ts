/**
 * The terms of keyword search. Weaviate matches words as they are written. To let `erupting` find
 * `erupts`, as in the in-process store, stems are stored and searched for, without stop words.
 */
import { stemmer } from 'stemmer';
import { MAX_SEARCH_WORDS } from '../documents/highlights.js';

const WORD = /[\p{L}\p{M}\p{N}]+/gu;

/**
 * Source: the English stop words of PostgreSQL's text search, without those that the pattern above
 * cannot match.
 */
const STOP_WORDS = new Set(
  (
    'i me my myself we our ours ourselves you your yours yourself yourselves he him his ' +
    'himself she her hers herself it its itself they them their theirs themselves what which ' +
    'who whom this that these those am is are was were be been being have has had having do ' +
    'does did doing a an the and but if or because as until while of at by for with about ' +
    'against between into through during before after above below to from up down in out on ' +
    'off over under again further then once here there when where why how all any both each ' +
    'few more most other some such no nor not only own same so than too very s t can will ' +
    'just don should now'
  ).split(' '),
);

/** Returns the stems of a text in their order, with repetitions, separated by spaces. */
export function toTerms(text: string): string {
  return toWords(text)
    .map((word) => stemmer(word))
    .join(' ');
}

/**
 * Returns the first MAX_SEARCH_WORDS distinct stems of a query, separated by spaces. Each stem
 * costs the server a list of passages.
 */
export function toQueryTerms(query: string): string {
  const terms = new Set<string>();
  for (const word of toWords(query)) {
    terms.add(stemmer(word));
    if (terms.size === MAX_SEARCH_WORDS) break;
  }
  return [...terms].join(' ');
}

function toWords(text: string): string[] {
  const words = text.normalize('NFKC').toLowerCase().match(WORD) ?? [];
  return words.filter((word) => !STOP_WORDS.has(word));
}

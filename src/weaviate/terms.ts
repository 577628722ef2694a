/**
 * The terms of keyword search. Weaviate matches words as they are written. To let `erupting` find
 * `erupts`, as in the in-process store, stems are stored and searched for, without stop words.
 */
import { stemmer } from 'stemmer';
import { distinctTerms, wordsOf } from '../documents/words.js';

/** Returns the stems of a text in their order, with repetitions, separated by spaces. */
export function toTerms(text: string): string {
  const stems: string[] = [];
  for (const { terms } of wordsOf(text)) stems.push(...terms.map((term) => stemmer(term)));
  return stems.join(' ');
}

/**
 * Returns the first MAX_SEARCH_WORDS distinct stems of a query, separated by spaces. Each stem
 * costs the server a list of passages.
 */
export function toQueryTerms(query: string): string {
  return distinctTerms(query, stemmer)
    .map((term) => stemmer(term))
    .join(' ');
}

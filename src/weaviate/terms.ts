/**
 * Weaviate looks words up as they are written. So that `erupting` finds `erupts`, as in the
 * embedded store, stems are stored and asked for, and words that every text is full of are left
 * out.
 */
import { stemmer } from 'stemmer';
import { distinctTerms, wordsOf } from '../documents/words.js';

/**
 * The words of a text, in their order and as often as they stand there, with a space between two.
 */
export function toTerms(text: string): string {
  const stems: string[] = [];
  for (const { terms } of wordsOf(text)) stems.push(...terms.map((term) => stemmer(term)));
  return stems.join(' ');
}

/**
 * The first distinct words of a query, with a space between two: each costs the server a list of
 * passages.
 */
export function toQueryTerms(query: string): string {
  return distinctTerms(query, stemmer)
    .map((term) => stemmer(term))
    .join(' ');
}

/**
 * The time limit of reading a document. It depends on the size: a small file that takes long is
 * hostile or damaged.
 */
import { ProcessingFailure } from '../errors.js';

const BASE_MS = 10_000;
const MS_PER_MIB = 1_000;
const MIB = 1024 * 1024;

/** Returns milliseconds for a file of `fileBytes`, at most `maxMs` (EXTRACTION_TIMEOUT_MS). */
export function readingTimeMs(fileBytes: number, maxMs: number): number {
  return Math.min(maxMs, BASE_MS + MS_PER_MIB * Math.ceil(fileBytes / MIB));
}

export function timeFailure(limitMs: number): ProcessingFailure {
  return new ProcessingFailure(
    'EXTRACTION_LIMIT',
    `Reading the document takes longer than the limit of ${limitMs / 1000} seconds for a file of ` +
      'its size. Split it or simplify it, and upload it again.',
  );
}

/**
 * How long reading a document may take. A small file that runs long is hostile or broken; a large
 * one has a right to its time.
 */
import { ProcessingFailure } from '../errors.js';

const BASE_MS = 10_000;
const MS_PER_MIB = 1_000;
const MIB = 1024 * 1024;

/** Milliseconds for a file of `fileBytes`, `maxMs` (EXTRACTION_TIMEOUT_MS) at most. */
export function readingTimeMs(fileBytes: number, maxMs: number): number {
  return Math.min(maxMs, BASE_MS + MS_PER_MIB * Math.ceil(fileBytes / MIB));
}

export function timeFailure(limitMs: number): ProcessingFailure {
  return new ProcessingFailure(
    'EXTRACTION_LIMIT',
    `Reading the document takes longer than the ${limitMs / 1000} seconds that a file of its size may take. Simplify it or split it, and upload it again.`,
  );
}

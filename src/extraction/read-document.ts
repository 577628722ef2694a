/**
 * Reads one document, within the child process: chooses the reader, writes its text, and translates
 * the errors of libraries.
 */
import { join } from 'node:path';
import type { TextSegment } from '../documents/ports.js';
import { ProcessingFailure } from '../errors.js';
import { FORMATS, loadTextReader } from './formats.js';
import { CONTENT_FILE, TEXT_FILE, type ReadJob } from './protocol.js';
import { writeSegments } from './segment-file.js';

export async function readDocument({ mimeType, folder, limits }: ReadJob): Promise<void> {
  const format = FORMATS.find(({ mime }) => mime === mimeType);
  const reader = await (format?.reader ?? loadTextReader)();
  const segments = translateErrors(reader(join(folder, CONTENT_FILE), limits));
  await writeSegments(join(folder, TEXT_FILE), segments, limits.maxTextChars);
}

async function* translateErrors(segments: AsyncIterable<TextSegment>): AsyncIterable<TextSegment> {
  try {
    yield* segments;
  } catch (error) {
    throw toReadFailure(error);
  }
}

/**
 * Messages of V8 in Node 24 for an exhausted heap or stack. Its RangeErrors have no code, and a
 * wrong argument in a damaged file is a RangeError as well.
 */
const OUT_OF_MEMORY = /allocation|string length|call stack/i;

/**
 * Translates an error of a library: to EXTRACTION_LIMIT if memory ran out, otherwise to CORRUPT.
 * Returns an error of the operating system as it is.
 */
export function toReadFailure(error: unknown): unknown {
  if (error instanceof ProcessingFailure || isSystemError(error)) return error;
  if (error instanceof RangeError && OUT_OF_MEMORY.test(error.message)) {
    return new ProcessingFailure(
      'EXTRACTION_LIMIT',
      'Reading the document takes too much memory. Split it or simplify it, and upload it again.',
      { cause: error },
    );
  }
  return new ProcessingFailure(
    'CORRUPT',
    'The file is damaged and cannot be opened. Upload it again from the original.',
    { cause: error },
  );
}

/** For example a full disk, which does not mean that the file is damaged. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

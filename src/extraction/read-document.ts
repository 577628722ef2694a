/**
 * One document, within the child: chooses the reader, writes what it reads, and turns a driver's
 * error into ours.
 */
import { join } from 'node:path';
import type { TextSegment } from '../documents/ports.js';
import { ProcessingFailure } from '../errors.js';
import { DOCX, HTML, ODT, PDF, PPTX, XLSX } from './mime-types.js';
import { CONTENT_FILE, TEXT_FILE, type ReadJob, type ReadLimits } from './protocol.js';
import { writeSegments } from './segment-file.js';

/**
 * Text in reading order, in pieces of any size that split no surrogate pair; what parts two pieces
 * is in them.
 */
export type Reader = (path: string, limits: ReadLimits) => AsyncIterable<TextSegment>;

/** Each reader is loaded with its first document: a plain text does not wait for pdf.js. */
async function readerFor(mimeType: string): Promise<Reader> {
  switch (mimeType) {
    case PDF:
      return (await import('./readers/pdf.js')).readPdf;
    case DOCX:
      return (await import('./readers/docx.js')).readDocx;
    case PPTX:
      return (await import('./readers/pptx.js')).readPptx;
    case XLSX:
      return (await import('./readers/xlsx.js')).readXlsx;
    case ODT:
      return (await import('./readers/odt.js')).readOdt;
    case HTML:
      return (await import('./readers/html.js')).readHtml;
    default:
      return (await import('./readers/text.js')).readText;
  }
}

export async function readDocument({ mimeType, folder, limits }: ReadJob): Promise<void> {
  const reader = await readerFor(mimeType);
  const pieces = withOurErrors(reader(join(folder, CONTENT_FILE), limits));
  await writeSegments(join(folder, TEXT_FILE), pieces, limits.maxTextChars);
}

async function* withOurErrors(pieces: AsyncIterable<TextSegment>): AsyncIterable<TextSegment> {
  try {
    yield* pieces;
  } catch (error) {
    throw toReadFailure(error);
  }
}

/**
 * The library's error in our words: CORRUPT unless it is about memory. An error of the machine is
 * returned as it is.
 */
export function toReadFailure(error: unknown): unknown {
  if (error instanceof ProcessingFailure || isSystemError(error)) return error;
  if (error instanceof RangeError && /allocation|string length|call stack/i.test(error.message)) {
    return new ProcessingFailure(
      'EXTRACTION_LIMIT',
      'Reading the document takes more memory than one may take.',
      { cause: error },
    );
  }
  return new ProcessingFailure(
    'CORRUPT',
    'The file is damaged: it cannot be opened. Upload it again from the original.',
    { cause: error },
  );
}

/** A full disk is no damage to the file. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

/**
 * The reader of PDFs, through pdf.js. It reads one page at a time, so that memory does not grow
 * with the number of pages.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import './pdf-globals.js';
import {
  getDocument,
  InvalidPDFException,
  PasswordException,
  VerbosityLevel,
  type PDFDocumentLoadingTask,
  type PDFDocumentProxy,
} from 'pdfjs-dist/legacy/build/pdf.mjs';
import type { TextSegment } from '../../documents/ports.js';
import { ProcessingFailure } from '../../errors.js';
import { checkParts } from './bounds.js';
import { composeAccents } from './pdf-accents.js';
import { joinLines } from './pdf-lines.js';

const packageFolder = dirname(createRequire(import.meta.url).resolve('pdfjs-dist/package.json'));

export async function* readPdf(path: string): AsyncIterable<TextSegment> {
  const loading = loadPdf(new Uint8Array(await readFile(path)));
  try {
    const pdf = await loading.promise;
    checkParts(pdf.numPages);
    for (let page = 1; page <= pdf.numPages; page += 1) {
      const text = await readPage(pdf, page);
      if (text !== '') yield { text: `${text}\n\n`, page };
    }
  } catch (error) {
    throw toFailure(error);
  } finally {
    // Frees the memory of pdf.js: the process reads further documents.
    await loading.destroy();
  }
}

function loadPdf(data: Uint8Array): PDFDocumentLoadingTask {
  return getDocument({
    data,
    verbosity: VerbosityLevel.ERRORS,
    // Character maps of the Asian encodings, which pdf.js needs to map glyphs to text.
    cMapUrl: `${packageFolder}/cmaps/`,
    standardFontDataUrl: `${packageFolder}/standard_fonts/`,
    disableFontFace: true,
    useSystemFonts: false,
  });
}

/**
 * pdfjs-dist 6.2 throws PasswordException for a password only. For an unsupported encryption it
 * throws a plain error without a code, so only the message identifies that.
 */
function toFailure(error: unknown): unknown {
  const isEncrypted =
    error instanceof PasswordException ||
    (error instanceof Error && /encrypt/i.test(error.message));
  if (isEncrypted)
    return new ProcessingFailure(
      'ENCRYPTED',
      'The PDF is protected by a password. Upload it without one.',
      { cause: error },
    );
  if (!(error instanceof InvalidPDFException)) return error;
  return new ProcessingFailure(
    'CORRUPT',
    'The PDF is damaged and cannot be opened. Upload it again from the original.',
    { cause: error },
  );
}

/** Fails the document if a page cannot be loaded: silently missing text would be worse. */
async function readPage(pdf: PDFDocumentProxy, number: number): Promise<string> {
  const page = await pdf.getPage(number);
  try {
    const { items } = await page.getTextContent();
    return joinLines(composeAccents(items.filter((item) => 'str' in item)));
  } finally {
    page.cleanup();
  }
}

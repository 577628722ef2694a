/**
 * What a file is. The bytes decide; the name is only heard where bytes cannot tell: among the
 * formats that are a zip, and among those that are plain text.
 */
import { fileTypeFromBuffer } from 'file-type';
import type { FormatDetector } from '../documents/ports.js';
import {
  CSV,
  DOCX,
  HTML,
  JSON_TEXT,
  MARKDOWN,
  MIME_TYPES,
  ODT,
  PDF,
  PLAIN_TEXT,
  PPTX,
  XLSX,
} from './mime-types.js';
import { guessText } from './text-encoding.js';

const HEAD_BYTES = 8192;

const ZIP_EXTENSIONS = new Map([
  ['docx', DOCX],
  ['pptx', PPTX],
  ['xlsx', XLSX],
  ['odt', ODT],
]);
const ZIP_TYPES = new Set<string>(ZIP_EXTENSIONS.values());

const TEXT_EXTENSIONS = new Map([
  ['md', MARKDOWN],
  ['markdown', MARKDOWN],
  ['csv', CSV],
  ['json', JSON_TEXT],
  ['html', HTML],
  ['htm', HTML],
  ['xhtml', HTML],
]);

/**
 * Text all through, but programs: their words are wrapped in markup that we do not read. They say
 * so at their beginning.
 */
const UNREAD_TEXT_TYPES = new Set([
  'application/rtf',
  'application/postscript',
  'application/eps',
  'application/pgp-encrypted',
]);

const UNREAD_TEXT_BEGINNING = /\{\\rtf|%!PS|-----BEGIN PGP/;
const BEGINNING_BYTES = 64;

export function createFormatDetector(): FormatDetector {
  return { headBytes: HEAD_BYTES, mimeTypes: MIME_TYPES, labels: LABELS, detect };
}

/** In the order of MIME_TYPES. */
const LABELS = [
  'PDF',
  'DOCX',
  'PPTX',
  'XLSX',
  'ODT',
  'HTML',
  'Markdown',
  'plain text',
  'CSV',
  'JSON',
];

/** Looks at HEAD_BYTES at most, whatever it gets: the main thread does this for every upload. */
async function detect(start: Uint8Array, filename: string): Promise<string | null> {
  const head = start.subarray(0, HEAD_BYTES);
  if (head.length === 0) return null;
  const extension = extensionOf(filename);
  if (isPdf(head, extension)) return PDF;
  if (startsWith(head, [0x50, 0x4b, 0x03, 0x04]) || startsWith(head, [0x50, 0x4b, 0x05, 0x06])) {
    return detectZip(head, extension);
  }
  if (startsWith(head, [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]))
    return detectCompoundFile(extension);
  return detectText(head, extension);
}

function toLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function extensionOf(filename: string): string {
  return /\.([^./\\]+)$/.exec(filename)?.[1]?.toLowerCase() ?? '';
}

function startsWith(head: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => head[index] === byte);
}

/** The one digit is the last of the object's number: a run of any length would cost its square. */
const PDF_OBJECT = /\d \d{1,10} obj\b/;

/**
 * Readers accept junk within the first 1,024 bytes. A text that only speaks of "%PDF-1.7" has
 * neither the name nor an object.
 */
function isPdf(head: Uint8Array, extension: string): boolean {
  const at = toLatin1(head.subarray(0, 1029)).search(/%PDF-\d/);
  return at === 0 || (at > 0 && (extension === 'pdf' || PDF_OBJECT.test(toLatin1(head))));
}

/**
 * A zip with a name of ours is taken at its word here; whether that is inside is judged when it is
 * read.
 */
async function detectZip(head: Uint8Array, extension: string): Promise<string | null> {
  const type = await magicType(head);
  return type !== null && ZIP_TYPES.has(type) ? type : (ZIP_EXTENSIONS.get(extension) ?? null);
}

/**
 * Office puts a document with a password into an OLE compound file; under any other name it is an
 * old .doc, .xls or .ppt.
 */
function detectCompoundFile(extension: string): string | null {
  return extension === 'odt' ? null : (ZIP_EXTENSIONS.get(extension) ?? null);
}

/**
 * Magic numbers of two or three letters ("BM", "MZ") also begin sentences, so clean text wins over
 * them.
 */
async function detectText(head: Uint8Array, extension: string): Promise<string | null> {
  const guess = guessText(head);
  if (guess === null) return null;
  // The library tries one magic number after the other, which costs more than all else here.
  const type =
    guess.clean && !UNREAD_TEXT_BEGINNING.test(toLatin1(head.subarray(0, BEGINNING_BYTES)))
      ? null
      : await magicType(head);
  if (type !== null && (!guess.clean || UNREAD_TEXT_TYPES.has(type))) return null;
  return TEXT_EXTENSIONS.get(extension) ?? (isHtml(head, guess.encoding) ? HTML : PLAIN_TEXT);
}

/** Most texts do not begin with a bracket: that is told before all of the head is decoded. */
function isHtml(head: Uint8Array, encoding: string): boolean {
  const decoder = new TextDecoder(encoding);
  const [first = '<'] = decoder.decode(head.subarray(0, BEGINNING_BYTES)).trimStart();
  if (first !== '<') return false;
  return HTML_START.test(withoutPreamble(decoder.decode(head)));
}

const HTML_START = /^<(?:!doctype\s+html|html)\b/i;

/** What may stand before the first tag: an XML declaration and any number of comments. */
function withoutPreamble(text: string): string {
  let rest = text.trimStart();
  if (/^<\?xml/i.test(rest)) rest = after('>', rest);
  while (rest.startsWith('<!--')) rest = after('-->', rest.slice('<!--'.length));
  return rest;
}

/** Empty if `end` does not come. */
function after(end: string, text: string): string {
  const at = text.indexOf(end);
  return at === -1 ? '' : text.slice(at + end.length).trimStart();
}

/** The head is cut off somewhere, which some of the library's parsers meet with an exception. */
async function magicType(head: Uint8Array): Promise<string | null> {
  try {
    return (await fileTypeFromBuffer(head))?.mime ?? null;
  } catch {
    return null;
  }
}

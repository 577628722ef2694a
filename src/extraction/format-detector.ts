/**
 * Detects the format of a file. The bytes decide. The name only decides between formats that bytes
 * cannot distinguish: those in a zip, and those that are plain text.
 */
import { fileTypeFromBuffer } from 'file-type';
import type { FormatDetector } from '../documents/ports.js';
import { FORMATS, HTML, mimeTypesByExtension, PDF, PLAIN_TEXT } from './formats.js';
import { guessText, HEAD_BYTES } from './text-encoding.js';

const ZIP_EXTENSIONS = mimeTypesByExtension('zip');
const ZIP_TYPES = new Set(ZIP_EXTENSIONS.values());
const TEXT_EXTENSIONS = mimeTypesByExtension('text');

/**
 * Types that consist of text, but whose words are wrapped in markup that no reader reads. Their
 * first bytes identify them.
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
  return {
    headBytes: HEAD_BYTES,
    mimeTypes: FORMATS.map(({ mime }) => mime),
    labels: FORMATS.map(({ label }) => label),
    detect,
  };
}

/** Reads at most HEAD_BYTES of `bytes`: the main thread does this for every upload. */
async function detect(bytes: Uint8Array, filename: string): Promise<string | null> {
  const head = bytes.subarray(0, HEAD_BYTES);
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

/**
 * Matches only the last digit of the object's number: a run of digits would take quadratic time.
 */
const PDF_OBJECT = /\d \d{1,10} obj\b/;

/**
 * PDF readers accept other bytes before the header, up to 1,024. A text that only mentions
 * "%PDF-1.7" has neither the extension nor an object.
 */
function isPdf(head: Uint8Array, extension: string): boolean {
  const headerIndex = toLatin1(head.subarray(0, 1029)).search(/%PDF-\d/);
  return (
    headerIndex === 0 ||
    (headerIndex > 0 && (extension === 'pdf' || PDF_OBJECT.test(toLatin1(head))))
  );
}

/** Trusts the extension of a zip whose bytes do not decide. The reader checks the contents. */
async function detectZip(head: Uint8Array, extension: string): Promise<string | null> {
  const type = await magicType(head);
  return type !== null && ZIP_TYPES.has(type) ? type : (ZIP_EXTENSIONS.get(extension) ?? null);
}

/**
 * Office puts a document with a password into an OLE compound file. With any other extension, a
 * compound file is an old .doc, .xls or .ppt.
 */
function detectCompoundFile(extension: string): string | null {
  return extension === 'odt' ? null : (ZIP_EXTENSIONS.get(extension) ?? null);
}

/**
 * Clean text overrides magic numbers of two or three letters: "BM" and "MZ" also start sentences.
 */
async function detectText(head: Uint8Array, extension: string): Promise<string | null> {
  const guess = guessText(head);
  if (guess === null) return null;
  // file-type compares one magic number after the other, which takes longer than all other steps.
  const type =
    guess.isClean && !UNREAD_TEXT_BEGINNING.test(toLatin1(head.subarray(0, BEGINNING_BYTES)))
      ? null
      : await magicType(head);
  if (type !== null && (!guess.isClean || UNREAD_TEXT_TYPES.has(type))) return null;
  return TEXT_EXTENSIONS.get(extension) ?? (isHtml(head, guess.encoding) ? HTML : PLAIN_TEXT);
}

/** Decodes the whole head only if the text starts with a bracket, which is rare. */
function isHtml(head: Uint8Array, encoding: string): boolean {
  const decoder = new TextDecoder(encoding);
  const [first = '<'] = decoder.decode(head.subarray(0, BEGINNING_BYTES)).trimStart();
  if (first !== '<') return false;
  return HTML_START.test(withoutPreamble(decoder.decode(head)));
}

const HTML_START = /^<(?:!doctype\s+html|html)\b/i;

/** Removes an XML declaration and any number of comments before the first tag. */
function withoutPreamble(text: string): string {
  let rest = text.trimStart();
  if (/^<\?xml/i.test(rest)) rest = after('>', rest);
  while (rest.startsWith('<!--')) rest = after('-->', rest.slice('<!--'.length));
  return rest;
}

/** Returns an empty string if `text` does not contain `end`. */
function after(end: string, text: string): string {
  const index = text.indexOf(end);
  return index === -1 ? '' : text.slice(index + end.length).trimStart();
}

/** Some parsers of file-type throw at a head that ends anywhere. */
async function magicType(head: Uint8Array): Promise<string | null> {
  try {
    return (await fileTypeFromBuffer(head))?.mime ?? null;
  } catch {
    return null;
  }
}

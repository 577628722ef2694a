/**
 * Writes documents that are small on disk and inflate to gigabytes. A buffer of compressed blanks,
 * ended by a full flush, is repeated. The result is one valid deflate stream that takes no time to
 * make.
 */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, deflateRawSync } from 'node:zlib';
import { packEntry, zipBuffers, type PackedEntry } from '../support/zip.js';

const BLANK_BYTES = 16 * 1024 * 1024;
const FULL_FLUSH = { finishFlush: constants.Z_FULL_FLUSH };
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006';
const WORD = 'http://schemas.openxmlformats.org/wordprocessingml/2006/main';
/** The parts that every docx has. */
const STATIC_PARTS = {
  '[Content_Types].xml': `<Types xmlns="${PACKAGE}/content-types"/>`,
  '_rels/.rels':
    `<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="r1" ` +
    `Target="word/document.xml" Type="${OFFICE}/relationships/officeDocument"/></Relationships>`,
};
const BODY_START = `<w:document xmlns:w="${WORD}"><w:body><w:p><w:r><w:t>bomb`;

export interface BombOptions {
  /**
   * The inflated size of word/document.xml, below 4 GiB. A second part, word/footnotes.xml, has
   * the same size.
   */
  inflatedBytes: number;
  /** The size that the headers declare; the inflated size by default. */
  declaredBytes?: number;
}

/**
 * Writes a docx whose text is blanks only. The checksums of its large parts are wrong: no reader
 * reads to their end.
 */
export async function writeBombDocx(
  path: string,
  { inflatedBytes, declaredBytes = inflatedBytes }: BombOptions,
): Promise<void> {
  const start = deflateRawSync(BODY_START, FULL_FLUSH);
  const blanks = deflateRawSync(Buffer.alloc(BLANK_BYTES, ' '), FULL_FLUSH);
  const repeats = Math.ceil(inflatedBytes / BLANK_BYTES);
  const packed = [start, ...Array<Buffer>(repeats).fill(blanks)];
  await writeZip(path, [
    ...Object.entries(STATIC_PARTS).map(([name, text]) => packEntry(name, text)),
    { name: Buffer.from('word/document.xml'), packed, declaredBytes, checksum: 0 },
    { name: Buffer.from('word/footnotes.xml'), packed, declaredBytes, checksum: 0 },
  ]);
}

/** Writes a docx with `documentXml` as its word/document.xml. */
export async function writeDocx(path: string, documentXml: string): Promise<void> {
  const parts = { ...STATIC_PARTS, 'word/document.xml': documentXml };
  await writeZip(
    path,
    Object.entries(parts).map(([name, text]) => packEntry(name, text)),
  );
}

async function writeZip(path: string, entries: readonly PackedEntry[]): Promise<void> {
  await pipeline(Readable.from(zipBuffers(entries)), createWriteStream(path));
}

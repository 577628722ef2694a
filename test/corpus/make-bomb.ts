/**
 * Writes documents that are small on disk and endless when inflated. One piece of compressed
 * blanks, ended by a full flush, is repeated: the result is one valid deflate stream, and making it
 * takes no time.
 */
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { constants, crc32, deflateRawSync } from 'node:zlib';

const PIECE_BYTES = 16 * 1024 * 1024;
const SYNC = { finishFlush: constants.Z_FULL_FLUSH };
const STATIC_PARTS = {
  '[Content_Types].xml': '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
  '_rels/.rels':
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Target="word/document.xml" ' +
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>',
};
const BODY_START = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>bomb';

export interface BombOptions {
  /** Inflated size of word/document.xml, below 4 GiB; a second part has the same. */
  inflatedBytes: number;
  /** What the directory says instead. */
  declaredBytes?: number;
}

interface Part {
  name: Buffer;
  head: Buffer;
  piece: Buffer;
  repeat: number;
  declaredBytes: number;
  checksum: number;
}

/**
 * A docx whose text is nothing but blanks. The checksums of the large parts are wrong: nobody gets
 * that far.
 */
export async function writeBombDocx(path: string, { inflatedBytes, declaredBytes = inflatedBytes }: BombOptions): Promise<void> {
  const bomb = { repeat: Math.ceil(inflatedBytes / PIECE_BYTES), declaredBytes, checksum: 0 };
  const piece = deflateRawSync(Buffer.alloc(PIECE_BYTES, ' '), SYNC);
  const head = deflateRawSync(BODY_START, SYNC);
  await writeZip(path, [
    ...Object.entries(STATIC_PARTS).map(([name, text]) => staticPart(name, text)),
    { name: Buffer.from('word/document.xml'), head, piece, ...bomb },
    { name: Buffer.from('word/footnotes.xml'), head, piece, ...bomb },
  ]);
}

/** A docx with this as its word/document.xml. */
export async function writeDocx(path: string, documentXml: string): Promise<void> {
  await writeZip(path, Object.entries({ ...STATIC_PARTS, 'word/document.xml': documentXml }).map(([name, text]) => staticPart(name, text)));
}

function staticPart(name: string, text: string): Part {
  const head = deflateRawSync(text);
  return { name: Buffer.from(name), head, piece: Buffer.alloc(0), repeat: 0, declaredBytes: text.length, checksum: crc32(text) };
}

async function writeZip(path: string, parts: Part[]): Promise<void> {
  const file = createWriteStream(path);
  const directory: Buffer[] = [];
  let offset = 0;
  for (const part of parts) {
    directory.push(directoryEntry(part, offset));
    for (const bytes of [localHeader(part), part.head, ...Array<Buffer>(part.repeat).fill(part.piece)]) {
      if (!file.write(bytes)) await once(file, 'drain');
      offset += bytes.length;
    }
  }
  const entries = Buffer.concat(directory);
  file.end(Buffer.concat([entries, endRecord(parts.length, entries.length, offset)]));
  await once(file, 'finish');
}

function compressedBytes({ head, piece, repeat }: Part): number {
  return head.length + piece.length * repeat;
}

function localHeader(part: Part): Buffer {
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(8, 8);
  header.writeUInt32LE(compressedBytes(part), 18);
  header.writeUInt32LE(part.declaredBytes, 22);
  header.writeUInt16LE(part.name.length, 26);
  return Buffer.concat([header, part.name]);
}

function directoryEntry(part: Part, offset: number): Buffer {
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(8, 10);
  entry.writeUInt32LE(part.checksum, 16);
  entry.writeUInt32LE(compressedBytes(part), 20);
  entry.writeUInt32LE(part.declaredBytes, 24);
  entry.writeUInt16LE(part.name.length, 28);
  entry.writeUInt32LE(offset, 42);
  return Buffer.concat([entry, part.name]);
}

function endRecord(count: number, directoryBytes: number, offset: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(directoryBytes, 12);
  end.writeUInt32LE(offset, 16);
  return end;
}

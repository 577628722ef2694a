/** The central directory at the end of a zip (APPNOTE.TXT 4.3.12 to 4.3.16, zip64 included). Reading past a buffer throws: the file is damaged. */
import type { FileHandle } from 'node:fs/promises';
import { ProcessingFailure } from '../../errors.js';

const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const MAX_COMMENT_BYTES = 65_535;
const LOCATOR_SIGNATURE = 0x07064b50;
const LOCATOR_BYTES = 20;
const ZIP64_END_BYTES = 56;
const ENTRY_SIGNATURE = 0x02014b50;
const ENTRY_BYTES = 46;
const ZIP64_EXTRA = 0x0001;
const IN_ZIP64 = 0xffffffff;

/** Some 200,000 parts: no document has as many. */
const MAX_DIRECTORY_BYTES = 16 * 1024 * 1024;

export interface ZipEntry {
  name: string;
  method: number;
  encrypted: boolean;
  checksum: number;
  compressedBytes: number;
  inflatedBytes: number;
  /** Of the local header. */
  offset: number;
}

interface DirectoryPlace {
  offset: number;
  bytes: number;
}

/** Keyed by name; of two parts with one name the first counts, as Office has it. */
export async function readDirectory(file: FileHandle): Promise<ReadonlyMap<string, ZipEntry>> {
  const place = await findDirectory(file);
  if (place.bytes > MAX_DIRECTORY_BYTES) {
    throw new ProcessingFailure('EXTRACTION_LIMIT', 'The document consists of more parts than one may have.');
  }
  const directory = await readAt(file, place.offset, place.bytes);
  const entries = new Map<string, ZipEntry>();
  for (let at = 0; at < directory.length;) {
    const { entry, bytes } = parseEntry(directory, at);
    if (!entries.has(entry.name)) entries.set(entry.name, entry);
    at += bytes;
  }
  return entries;
}

async function findDirectory(file: FileHandle): Promise<DirectoryPlace> {
  const { size } = await file.stat();
  const tailStart = Math.max(0, size - END_BYTES - MAX_COMMENT_BYTES);
  const tail = await readAt(file, tailStart, size - tailStart);
  for (let at = tail.length - END_BYTES; at >= 0; at -= 1) {
    if (tail.readUInt32LE(at) !== END_SIGNATURE) continue;
    const place = { bytes: tail.readUInt32LE(at + 12), offset: tail.readUInt32LE(at + 16) };
    return place.offset === IN_ZIP64 || place.bytes === IN_ZIP64 ? findZip64Directory(file, tailStart + at) : place;
  }
  throw new Error('no end of central directory: the zip is cut off');
}

async function findZip64Directory(file: FileHandle, endOffset: number): Promise<DirectoryPlace> {
  const locator = await readAt(file, endOffset - LOCATOR_BYTES, LOCATOR_BYTES);
  if (locator.readUInt32LE(0) !== LOCATOR_SIGNATURE) throw new Error('no zip64 locator');
  const end = await readAt(file, Number(locator.readBigUInt64LE(8)), ZIP64_END_BYTES);
  return { bytes: Number(end.readBigUInt64LE(40)), offset: Number(end.readBigUInt64LE(48)) };
}

function parseEntry(directory: Buffer, at: number): { entry: ZipEntry; bytes: number } {
  if (directory.readUInt32LE(at) !== ENTRY_SIGNATURE) throw new Error('damaged central directory');
  const nameBytes = directory.readUInt16LE(at + 28);
  const extraBytes = directory.readUInt16LE(at + 30);
  const extraAt = at + ENTRY_BYTES + nameBytes;
  const entry: ZipEntry = {
    // Some old programs write the separators of Windows.
    name: directory.toString('utf8', at + ENTRY_BYTES, extraAt).replaceAll('\\', '/'),
    method: directory.readUInt16LE(at + 10),
    encrypted: (directory.readUInt16LE(at + 8) & 1) === 1,
    checksum: directory.readUInt32LE(at + 16),
    compressedBytes: directory.readUInt32LE(at + 20),
    inflatedBytes: directory.readUInt32LE(at + 24),
    offset: directory.readUInt32LE(at + 42),
  };
  applyZip64(entry, directory.subarray(extraAt, extraAt + extraBytes));
  return { entry, bytes: ENTRY_BYTES + nameBytes + extraBytes + directory.readUInt16LE(at + 32) };
}

/** The extra field holds, in this order, only those numbers that did not fit into 32 bits. */
function applyZip64(entry: ZipEntry, extra: Buffer): void {
  let at = findExtra(extra, ZIP64_EXTRA);
  for (const key of ['inflatedBytes', 'compressedBytes', 'offset'] as const) {
    if (at === null || entry[key] !== IN_ZIP64) continue;
    entry[key] = Number(extra.readBigUInt64LE(at));
    at += 8;
  }
}

function findExtra(extra: Buffer, id: number): number | null {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) === id) return at + 4;
  }
  return null;
}

async function readAt(file: FileHandle, offset: number, bytes: number): Promise<Buffer> {
  if (bytes > MAX_DIRECTORY_BYTES || offset < 0) throw new Error('the zip points outside of itself');
  const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, offset);
  return buffer.subarray(0, bytesRead);
}

/**
 * A zip read from disk, part by part, each inflated as a stream. What the directory declares is checked before anything is inflated; since it can
 * lie, what is inflated is counted as well.
 */
import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { ProcessingFailure } from '../../errors.js';
import { readDirectory, type ZipEntry } from './zip-directory.js';

const STORED = 0;
const DEFLATED = 8;
const LOCAL_HEADER_BYTES = 30;
const LOCAL_HEADER_SIGNATURE = 0x04034b50;

export interface ZipArchive {
  has(name: string): boolean;
  names(): string[];
  /** Throws CORRUPT when there is no such part. */
  read(name: string): AsyncIterable<Uint8Array>;
}

export async function openZip(path: string, maxInflatedBytes: number): Promise<ZipArchive> {
  const entries = await withFile(path, readDirectory);
  const declared = [...entries.values()].filter(isText).reduce((sum, entry) => sum + entry.inflatedBytes, 0);
  const budget = createBudget(maxInflatedBytes);
  budget.check(declared);
  return {
    has: (name) => entries.has(name),
    names: () => [...entries.keys()],
    read(name) {
      const entry = entries.get(name);
      if (entry === undefined) throw new ProcessingFailure('CORRUPT', 'The file is damaged: a part of it is missing.');
      return readEntry(path, entry, budget);
    },
  };
}

/** Pictures and films in a document may be as large as they like: they are never inflated. */
function isText({ name }: ZipEntry): boolean {
  return name.endsWith('.xml') || name.endsWith('.rels');
}

interface Budget {
  check(bytes: number): void;
  spend(bytes: number): void;
}

function createBudget(maxInflatedBytes: number): Budget {
  let spent = 0;
  function check(bytes: number): void {
    if (bytes <= maxInflatedBytes) return;
    const limit = `${Math.round(maxInflatedBytes / 1024 / 1024)} MiB`;
    throw new ProcessingFailure('EXTRACTION_LIMIT', `The document inflates to more than the ${limit} that one may take.`);
  }
  return {
    check,
    spend(bytes) {
      spent += bytes;
      check(spent);
    },
  };
}

async function* readEntry(path: string, entry: ZipEntry, budget: Budget): AsyncIterable<Uint8Array> {
  if (entry.encrypted) throw new ProcessingFailure('ENCRYPTED', 'The document needs a password to be opened. Upload it without one.');
  let checksum = 0;
  for await (const bytes of inflated(path, entry)) {
    budget.spend(bytes.length);
    checksum = crc32(bytes, checksum);
    yield bytes;
  }
  if (checksum !== entry.checksum) throw new Error(`checksum of ${entry.name} differs`);
}

async function* inflated(path: string, entry: ZipEntry): AsyncIterable<Uint8Array> {
  if (entry.method !== STORED && entry.method !== DEFLATED) throw new Error(`unknown compression method ${entry.method}`);
  if (entry.compressedBytes === 0) return;
  const start = await withFile(path, (file) => contentStart(file, entry));
  const source = createReadStream(path, { start, end: start + entry.compressedBytes - 1 });
  if (entry.method === STORED) return yield* source;
  const inflate = createInflateRaw({ chunkSize: 65_536 });
  source.once('error', (error) => inflate.destroy(error));
  try {
    yield* source.pipe(inflate);
  } finally {
    source.destroy();
  }
}

/** The local header's name and extra field may have other lengths than the directory's. */
async function contentStart(file: FileHandle, entry: ZipEntry): Promise<number> {
  const { buffer } = await file.read(Buffer.alloc(LOCAL_HEADER_BYTES), 0, LOCAL_HEADER_BYTES, entry.offset);
  if (buffer.readUInt32LE(0) !== LOCAL_HEADER_SIGNATURE) throw new Error(`no local header for ${entry.name}`);
  return entry.offset + LOCAL_HEADER_BYTES + buffer.readUInt16LE(26) + buffer.readUInt16LE(28);
}

export async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

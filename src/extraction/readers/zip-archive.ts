/**
 * A zip read from disk by yauzl, part by part, each inflated as a stream. What the directory
 * declares is checked before anything is inflated; since it can lie, what is inflated is counted as
 * well. The checksums, which yauzl leaves to its callers, are verified here.
 */
import { crc32 } from 'node:zlib';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { ProcessingFailure } from '../../errors.js';

/** As many as a zip could hold before zip64: no document has more. */
const MAX_PARTS = 65_535;

export interface ZipArchive {
  has(name: string): boolean;
  names(): string[];
  /** Throws CORRUPT when there is no such part. */
  read(name: string): AsyncIterable<Uint8Array>;
}

export async function openZip(path: string, maxInflatedBytes: number): Promise<ZipArchive> {
  const entries = await withZip(path, readDirectory);
  const budget = createBudget(maxInflatedBytes);
  budget.check(
    [...entries.values()].filter(isText).reduce((sum, entry) => sum + entry.uncompressedSize, 0),
  );
  return {
    has: (name) => entries.has(name),
    names: () => [...entries.keys()],
    read: (name) => {
      const entry = entries.get(name);
      if (entry === undefined)
        throw new ProcessingFailure('CORRUPT', 'The file is damaged: a part of it is missing.');
      return readEntry(path, entry, budget);
    },
  };
}

/**
 * Open no longer than `use` takes; a stream opened in it holds the file until it has ended or is
 * destroyed.
 */
async function withZip<T>(path: string, use: (zip: ZipFile) => Promise<T>): Promise<T> {
  // A part that is longer than declared would be a plain error to yauzl; the budget tells how far
  // it goes.
  const zip = await openPromise(path, { autoClose: false, validateEntrySizes: false });
  try {
    return await use(zip);
  } catch (error) {
    const locked =
      error instanceof Error && /^(strong encryption|entry is encrypted)/.test(error.message);
    throw locked
      ? new ProcessingFailure(
          'ENCRYPTED',
          'The document needs a password to be opened. Upload it without one.',
          { cause: error },
        )
      : error;
  } finally {
    zip.close();
  }
}

/** Keyed by name; of two parts with one name the first counts, as Office has it. */
async function readDirectory(zip: ZipFile): Promise<ReadonlyMap<string, Entry>> {
  if (zip.entryCount > MAX_PARTS) {
    throw new ProcessingFailure(
      'EXTRACTION_LIMIT',
      'The document consists of more parts than one may have.',
    );
  }
  const entries = new Map<string, Entry>();
  for await (const entry of zip.eachEntry()) {
    if (!entries.has(entry.fileName)) entries.set(entry.fileName, entry);
  }
  return entries;
}

/** Pictures and films in a document may be as large as they like: they are never inflated. */
function isText({ fileName }: Entry): boolean {
  return fileName.endsWith('.xml') || fileName.endsWith('.rels');
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
    throw new ProcessingFailure(
      'EXTRACTION_LIMIT',
      `The document inflates to more than the ${limit} that one may take.`,
    );
  }
  return {
    check,
    spend: (bytes) => {
      spent += bytes;
      check(spent);
    },
  };
}

async function* readEntry(path: string, entry: Entry, budget: Budget): AsyncIterable<Uint8Array> {
  const stream: AsyncIterable<Uint8Array> = await withZip(path, (zip) =>
    zip.openReadStreamPromise(entry),
  );
  let checksum = 0;
  for await (const bytes of stream) {
    budget.spend(bytes.length);
    checksum = crc32(bytes, checksum);
    yield bytes;
  }
  if (checksum !== entry.crc32) throw new Error(`checksum of ${entry.fileName} differs`);
}

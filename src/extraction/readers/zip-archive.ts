/**
 * A zip on disk, read with yauzl. Each entry is inflated as a stream. The sizes in the directory
 * are checked before anything is inflated. They may be false, so inflated bytes are counted as
 * well. yauzl 3.4 does not verify checksums; this file does.
 */
import { crc32 } from 'node:zlib';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { ProcessingFailure } from '../../errors.js';

/** The limit of a zip without zip64, which no document exceeds. */
const MAX_ENTRIES = 65_535;

export interface ZipArchive {
  has(name: string): boolean;
  names(): string[];
  /** Throws CORRUPT if there is no such entry. */
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
        throw new ProcessingFailure(
          'CORRUPT',
          'The file is damaged: an entry is missing. Upload it again from the original.',
        );
      return readEntry(path, entry, budget);
    },
  };
}

/**
 * Opens the file while `use` runs. A stream that `use` opens keeps the file open until the stream
 * has ended or is destroyed.
 */
async function withZip<T>(path: string, use: (zip: ZipFile) => Promise<T>): Promise<T> {
  // With its own check, yauzl would report an entry that is longer than declared as a plain error.
  // The budget reports the limit instead.
  const zip = await openPromise(path, { autoClose: false, validateEntrySizes: false });
  try {
    return await use(zip);
  } catch (error) {
    // yauzl 3.4 throws plain errors without a code, so only the message identifies encryption.
    const isEncrypted =
      error instanceof Error && /^(strong encryption|entry is encrypted)/.test(error.message);
    throw isEncrypted
      ? new ProcessingFailure(
          'ENCRYPTED',
          'The document is protected by a password. Upload it without one.',
          { cause: error },
        )
      : error;
  } finally {
    zip.close();
  }
}

/** Returns the entries by name. Of two entries with one name the first counts, as in Office. */
async function readDirectory(zip: ZipFile): Promise<ReadonlyMap<string, Entry>> {
  if (zip.entryCount > MAX_ENTRIES) {
    throw new ProcessingFailure(
      'EXTRACTION_LIMIT',
      `The document has more than the limit of ${MAX_ENTRIES} files in its archive. ` +
        'Split it, and upload it again.',
    );
  }
  const entries = new Map<string, Entry>();
  for await (const entry of zip.eachEntry()) {
    if (!entries.has(entry.fileName)) entries.set(entry.fileName, entry);
  }
  return entries;
}

/** Only these entries are inflated: pictures and films may have any size. */
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
      `The document inflates to more than the limit of ${limit}. ` +
        'Split it or simplify it, and upload it again.',
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

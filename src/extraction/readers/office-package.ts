/**
 * The container of docx, pptx and xlsx (Open Packaging Conventions): a zip whose parts point at
 * each other through relationships.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { posix } from 'node:path';
import { ProcessingFailure } from '../../errors.js';
import type { ReadLimits } from '../protocol.js';
import { readXml } from './xml.js';
import { openZip, type ZipArchive } from './zip-archive.js';

const COMPOUND_FILE = Buffer.from('d0cf11e0a1b11ae1', 'hex');
const ENCRYPTED_PACKAGE = Buffer.from('EncryptedPackage', 'utf16le');

export interface Relationship {
  id: string;
  /**
   * The last word of its URI, which is the same in the transitional and the strict variant:
   * `slide`, `footnotes`.
   */
  type: string;
  /** The name of the part in the zip. */
  target: string;
}

/**
 * Opens a package of one kind: `word`, `ppt` or `xl`, after the folder that all its parts lie in.
 */
export async function openPackage(
  path: string,
  kind: 'word' | 'ppt' | 'xl',
  limits: ReadLimits,
): Promise<ZipArchive> {
  if (await isCompoundFile(path)) throw await compoundFileFailure(path);
  const zip = await openZip(path, limits.maxInflatedBytes);
  const isOurs =
    zip.has('[Content_Types].xml') && zip.names().some((name) => name.startsWith(`${kind}/`));
  if (!isOurs) throw unsupported();
  return zip;
}

export function unsupported(): ProcessingFailure {
  return new ProcessingFailure(
    'UNSUPPORTED_CONTENT',
    'The file is not what its name says: there is no document of this kind inside.',
  );
}

async function isCompoundFile(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(
      Buffer.alloc(COMPOUND_FILE.length),
      0,
      COMPOUND_FILE.length,
      0,
    );
    return buffer.equals(COMPOUND_FILE);
  } finally {
    await file.close();
  }
}

/** Office wraps a document with a password into a compound file that holds the encrypted zip. */
async function compoundFileFailure(path: string): Promise<ProcessingFailure> {
  if (!(await contains(path, ENCRYPTED_PACKAGE))) return unsupported();
  return new ProcessingFailure(
    'ENCRYPTED',
    'The document needs a password to be opened. Upload it without one.',
  );
}

async function contains(path: string, needle: Buffer): Promise<boolean> {
  let tail = Buffer.alloc(0);
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    const bytes = Buffer.concat([tail, chunk]);
    if (bytes.includes(needle)) return true;
    tail = bytes.subarray(-needle.length);
  }
  return false;
}

/** What `part` points at within the package; '' is the package itself. */
export async function relationshipsOf(zip: ZipArchive, part: string): Promise<Relationship[]> {
  const folder = posix.dirname(part);
  const name = posix.join(folder, '_rels', `${posix.basename(part)}.rels`);
  const relationships: Relationship[] = [];
  if (!zip.has(name)) return relationships;
  await readXml(zip.read(name), {
    open: (element, { Id = '', Type = '', Target = '', TargetMode }) => {
      if (element !== 'Relationship' || TargetMode === 'External') return;
      const target = Target.startsWith('/') ? Target.slice(1) : posix.join(folder, Target);
      relationships.push({ id: Id, type: posix.basename(Type), target });
    },
  });
  return relationships;
}

/** The part that the document begins with. */
export async function mainPart(zip: ZipArchive): Promise<string> {
  const main = (await relationshipsOf(zip, '')).find(({ type }) => type === 'officeDocument');
  if (main === undefined) throw unsupported();
  return main.target;
}

/**
 * The container of docx, pptx and xlsx (Open Packaging Conventions): a zip whose parts refer to
 * each other by relationships.
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
   * The last segment of its URI, which the transitional and the strict variant share: `slide`,
   * `footnotes`.
   */
  type: string;
  /** The name of the part in the zip. */
  target: string;
}

/** Opens a package of one kind, which is the name of the folder of its parts. */
export async function openPackage(
  path: string,
  kind: 'word' | 'ppt' | 'xl',
  limits: ReadLimits,
): Promise<ZipArchive> {
  if (await isCompoundFile(path)) throw await compoundFileFailure(path);
  const zip = await openZip(path, limits.maxInflatedBytes);
  const isKind =
    zip.has('[Content_Types].xml') && zip.names().some((name) => name.startsWith(`${kind}/`));
  if (!isKind) throw unsupported();
  return zip;
}

export function unsupported(): ProcessingFailure {
  return new ProcessingFailure(
    'UNSUPPORTED_CONTENT',
    'The file does not contain a document of the type that its name says. ' +
      'Check the file, and upload it again.',
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

/** Office stores a document with a password as a compound file that holds the encrypted zip. */
async function compoundFileFailure(path: string): Promise<ProcessingFailure> {
  if (!(await contains(path, ENCRYPTED_PACKAGE))) return unsupported();
  return new ProcessingFailure(
    'ENCRYPTED',
    'The document is protected by a password. Upload it without one.',
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

/** Returns the parts to which `part` refers; '' is the package itself. */
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

/** Returns the part with which the document begins. */
export async function mainPart(zip: ZipArchive): Promise<string> {
  const main = (await relationshipsOf(zip, '')).find(({ type }) => type === 'officeDocument');
  if (main === undefined) throw unsupported();
  return main.target;
}

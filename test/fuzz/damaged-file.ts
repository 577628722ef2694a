/** A file of the corpus with damage to its bytes, or to one part of the zip that it is. */
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { makeZip } from '../support/zip.js';
import { mutate, type Mutation } from './mutation.js';

/** One or more of each format; small, so that many fit into a minute. */
export const SOURCES = [
  'bees.docx', 'railway.docx', 'observatory.xlsx', 'sourdough.pptx', 'contract-law.odt', 'contract-law.pdf', 'volcanoes.pdf', 'scan.pdf',
  'owner-password.pdf', 'encrypted.docx', 'coffee.csv', 'planets.json', 'reefs.html', 'knots.md', 'tea.txt', 'utf16le.txt', 'latin1.txt',
] as const; // prettier-ignore

export interface FileMutation {
  source: (typeof SOURCES)[number];
  /** Which part of a zip is damaged; null: the bytes of the file. */
  part: number | null;
  mutations: Mutation[];
  /** Instead of the right one. */
  extension: string | null;
}

const openZip = promisify<Buffer, { lazyEntries: true }, ZipFile>(yauzl.fromBuffer);

export async function mutateFile({
  source,
  part,
  mutations,
  extension,
}: FileMutation): Promise<{ name: string; content: Buffer }> {
  const original = await readFile(new URL(`../corpus/${source}`, import.meta.url));
  const isZip = original.subarray(0, 2).toString() === 'PK';
  const content =
    part !== null && isZip
      ? await mutatePart(original, part, mutations)
      : mutate(original, mutations);
  const name = extension === null ? source : `${source.split('.')[0] ?? ''}.${extension}`;
  return { name, content };
}

async function mutatePart(
  original: Buffer,
  part: number,
  mutations: readonly Mutation[],
): Promise<Buffer> {
  const parts = await readParts(original);
  const chosen = parts[part % parts.length];
  if (chosen) chosen[1] = mutate(chosen[1], mutations);
  return makeZip(parts);
}

async function readParts(original: Buffer): Promise<[name: string, content: Buffer][]> {
  const zip = await openZip(original, { lazyEntries: true });
  const parts: [string, Buffer][] = [];
  for await (const entry of zip.eachEntry())
    parts.push([entry.fileName, await contentOf(zip, entry)]);
  return parts;
}

async function contentOf(zip: ZipFile, entry: Entry): Promise<Buffer> {
  const open = promisify<Entry, NodeJS.ReadableStream>(zip.openReadStream.bind(zip));
  return buffer(await open(entry));
}

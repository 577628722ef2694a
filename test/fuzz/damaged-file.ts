/** Damages the bytes of a file of the corpus, or of one entry if the file is a zip. */
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { makeZip } from '../support/zip.js';
import { mutate, type Mutation } from './mutation.js';

/** At least one small file of each format, so that many cases fit into a minute. */
export const SOURCES = [
  'bees.docx', 'railway.docx', 'observatory.xlsx', 'sourdough.pptx', 'contract-law.odt', 'contract-law.pdf', 'volcanoes.pdf', 'scan.pdf',
  'owner-password.pdf', 'encrypted.docx', 'coffee.csv', 'planets.json', 'reefs.html', 'knots.md', 'tea.txt', 'utf16le.txt', 'latin1.txt',
] as const; // prettier-ignore

export interface FileMutation {
  source: (typeof SOURCES)[number];
  /** The index of the damaged entry of a zip; null damages the bytes of the file itself. */
  entry: number | null;
  mutations: Mutation[];
  /** Replaces the correct extension; null keeps it. */
  extension: string | null;
}

const openZip = promisify<Buffer, { lazyEntries: true }, ZipFile>(yauzl.fromBuffer);

export async function mutateFile({
  source,
  entry,
  mutations,
  extension,
}: FileMutation): Promise<{ name: string; content: Buffer }> {
  const original = await readFile(new URL(`../corpus/${source}`, import.meta.url));
  const isZip = original.subarray(0, 2).toString() === 'PK';
  const content =
    entry !== null && isZip
      ? await mutateEntry(original, entry, mutations)
      : mutate(original, mutations);
  const name = extension === null ? source : `${source.split('.')[0] ?? ''}.${extension}`;
  return { name, content };
}

async function mutateEntry(
  original: Buffer,
  index: number,
  mutations: readonly Mutation[],
): Promise<Buffer> {
  const entries = await readEntries(original);
  const chosen = entries[index % entries.length];
  if (chosen) chosen[1] = mutate(chosen[1], mutations);
  return makeZip(entries);
}

async function readEntries(original: Buffer): Promise<[name: string, content: Buffer][]> {
  const zip = await openZip(original, { lazyEntries: true });
  const entries: [string, Buffer][] = [];
  for await (const entry of zip.eachEntry())
    entries.push([entry.fileName, await readEntry(zip, entry)]);
  return entries;
}

async function readEntry(zip: ZipFile, entry: Entry): Promise<Buffer> {
  const open = promisify<Entry, NodeJS.ReadableStream>(zip.openReadStream.bind(zip));
  return buffer(await open(entry));
}

import { readFile } from 'node:fs/promises';
import type { UploadFile } from './client.js';

/** Reads a file of test/corpus, ready to upload under its own name. */
export async function corpus(name: string): Promise<UploadFile & { content: Buffer }> {
  return { name, content: await readFile(new URL(`../corpus/${name}`, import.meta.url)) };
}

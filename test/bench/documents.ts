/** Plain texts that the benchmarks upload. They are distinct, and the same on both sides. */
import { paragraphs } from './texts.js';

export interface BenchDocument {
  userId: string;
  filename: string;
  content: Buffer;
}

/** Characters: two passages. */
const LENGTH = 1_400;

export function makeDocuments(count: number, users: number, length = LENGTH): BenchDocument[] {
  const texts = paragraphs(Math.min(count, 50), length);
  return Array.from({ length: count }, (_, index) => ({
    userId: `bench-${index % users}`,
    filename: `note-${index}.txt`,
    content: Buffer.from(`Note ${index}. ${texts[index % texts.length] ?? ''}`),
  }));
}

/** Calls `work` for each item, with at most `width` calls at once. */
export async function inParallel<Item>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const queue = items.values();
  async function workThroughQueue(): Promise<void> {
    for (const item of queue) await work(item);
  }
  await Promise.all(Array.from({ length: width }, workThroughQueue));
}

/** What the benchmarks upload: plain texts, no two alike, the same on both sides. */
import { paragraphs } from './texts.js';

export interface BenchDocument {
  userId: string;
  filename: string;
  content: Buffer;
}

/** Two passages each. */
const LENGTH = 1_400;

export function makeDocuments(count: number, users: number, length = LENGTH): BenchDocument[] {
  const texts = paragraphs(Math.min(count, 50), length);
  return Array.from({ length: count }, (_, number) => ({
    userId: `bench-${number % users}`,
    filename: `note-${number}.txt`,
    content: Buffer.from(`Note ${number}. ${texts[number % texts.length] ?? ''}`),
  }));
}

/** At most `width` at once. */
export async function inParallel<Item>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const queue = items.values();
  const run = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: width }, run));
}

import { availableParallelism } from 'node:os';
import { upload, waitForStatus } from '../support/client.js';
import { startProduct, type Product } from '../support/product.js';
import { built } from './built.js';
import type { Figures } from './main.js';
import { median, round } from './statistics.js';
import { paragraphs } from './texts.js';

const CHUNKS = 400;
const ROUNDS = 3;
/** Characters. The last sentence makes a text longer, but not longer than a passage may be. */
const LENGTH = 800;

/**
 * Measures the product and the local embedder alone in alternation, so that a slower machine slows
 * both of them.
 */
export async function benchChunks(): Promise<Figures> {
  const threads = Math.min(4, availableParallelism());
  const instance = await startProduct({ env: { EMBEDDER_THREADS: String(threads) } });
  const texts = paragraphs(CHUNKS, LENGTH);
  await timeProduct(instance, texts.slice(0, 10), 'warm-up');
  const rounds: { product: number; embedder: number }[] = [];
  for (let number = 0; number < ROUNDS; number += 1) {
    const embedder = await timeEmbedder(threads, texts);
    rounds.push({ embedder, product: await timeProduct(instance, texts, String(number)) });
  }
  return {
    chunksPerSecond: round(median(rounds.map(({ product }) => product))),
    encoderChunksPerSecond: round(median(rounds.map(({ embedder }) => embedder))),
    ratio: round(median(rounds.map(({ product, embedder }) => product / embedder)), 3),
    threads,
  };
}

async function timeProduct(
  product: Product,
  texts: readonly string[],
  name: string,
): Promise<number> {
  const begun = performance.now();
  const { document } = await upload(product.url, 'dev:bench', {
    name: `${name}.txt`,
    content: texts.join('\n\n'),
    options: { force: true },
  });
  const last = (
    await waitForStatus(product.url, 'dev:bench', document.id, 'COMPLETED', 'FAILED')
  ).at(-1);
  if (last?.vectorCount !== texts.length)
    throw new Error(
      `the product stored ${last?.vectorCount} of ${texts.length} chunks: ${JSON.stringify(last)}`,
    );
  return texts.length / ((performance.now() - begun) / 1_000);
}

async function timeEmbedder(threads: number, texts: readonly string[]): Promise<number> {
  const { createLocalEmbedder } =
    await built<typeof import('../../src/in-process/embedder.js')>('in-process/embedder');
  const embedder = createLocalEmbedder({ threads });
  await embedder.embed(texts.slice(0, 10), 'document');
  const begun = performance.now();
  await embedder.embed(texts, 'document');
  const seconds = (performance.now() - begun) / 1_000;
  await embedder.stop();
  return texts.length / seconds;
}

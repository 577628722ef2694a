import { availableParallelism } from 'node:os';
import type { Embedder } from '../../src/documents/ports.js';
import { upload, waitForStatus } from '../support/client.js';
import { startProduct, type Product } from '../support/product.js';
import type { Figures } from './main.js';
import { median, round } from './statistics.js';
import { paragraphs } from './texts.js';

const CHUNKS = 400;
const ROUNDS = 3;
/** With its last sentence still shorter than a passage may be. */
const LENGTH = 800;

/**
 * The product and the encoder alone in turn, so that a machine that gets slower gets slower for
 * both.
 */
export async function benchChunks(): Promise<Figures> {
  const threads = Math.min(4, availableParallelism());
  const product = await startProduct({ env: { EMBEDDER_THREADS: String(threads) } });
  const texts = paragraphs(CHUNKS, LENGTH);
  await timeProduct(product, texts.slice(0, 10), 'warm-up');
  const rounds: { product: number; encoder: number }[] = [];
  for (let number = 0; number < ROUNDS; number += 1) {
    const encoder = await timeEncoder(threads, texts);
    rounds.push({ encoder, product: await timeProduct(product, texts, String(number)) });
  }
  return {
    chunksPerSecond: round(median(rounds.map((one) => one.product))),
    encoderChunksPerSecond: round(median(rounds.map((one) => one.encoder))),
    ratio: round(median(rounds.map((one) => one.product / one.encoder)), 3),
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
      `${String(last?.vectorCount)} chunks of ${texts.length}: ${JSON.stringify(last)}`,
    );
  return texts.length / ((performance.now() - begun) / 1_000);
}

async function timeEncoder(threads: number, texts: readonly string[]): Promise<number> {
  // The built one: it starts its threads from built files. By a variable, since a checkout that was
  // never built has none to check.
  const built = '../../dist/src/in-process/embedder.js';
  const { createLocalEmbedder } = (await import(built)) as {
    createLocalEmbedder: (options: { threads: number }) => Embedder;
  };
  const encoder = createLocalEmbedder({ threads });
  await encoder.embed(texts.slice(0, 10), 'document');
  const begun = performance.now();
  await encoder.embed(texts, 'document');
  const seconds = (performance.now() - begun) / 1_000;
  await encoder.stop();
  return texts.length / seconds;
}

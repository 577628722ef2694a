import { gql, upload, waitForStatus } from '../support/client.js';
import { startProduct } from '../support/product.js';
import type { Figures } from './main.js';
import { measureGrowth } from './resident-memory.js';
import { median, percentile, round } from './statistics.js';
import { paragraphs, sentence } from './texts.js';

const CHUNKS = 10_000;
const SEARCHES = 200;
const WARM_UP = 10;
/** Characters of the shortest text that makes a passage of its own. */
const LENGTH = 460;

export async function benchSearch(): Promise<Figures> {
  const product = await startProduct();
  // Ten batches come first, so that the growth is what a long document adds to a short one.
  await fill(product.url, 'short.txt', 320);
  const begun = performance.now();
  const { growthMiB } = await measureGrowth(product.pid, () =>
    fill(product.url, 'long.txt', CHUNKS),
  );
  const fillSeconds = (performance.now() - begun) / 1_000;
  const times: number[] = [];
  for (let index = 0; index < SEARCHES + WARM_UP; index += 1)
    times.push(await timeSearch(product.url, sentence(index * 13)));
  const counted = times.slice(WARM_UP);
  return {
    medianMs: round(median(counted)),
    p99Ms: round(percentile(counted, 0.99)),
    chunks: CHUNKS,
    fillSeconds: round(fillSeconds),
    fillRssGrowthMiB: round(growthMiB),
  };
}

async function fill(url: string, name: string, chunks: number): Promise<void> {
  const { document } = await upload(url, 'dev:bench', {
    name,
    content: paragraphs(chunks, LENGTH).join('\n\n'),
  });
  const last = (await waitForStatus(url, 'dev:bench', document.id, 'COMPLETED', 'FAILED')).at(-1);
  if (last?.vectorCount !== chunks)
    throw new Error(`the product stored ${last?.vectorCount} of ${chunks} chunks`);
}

async function timeSearch(url: string, query: string): Promise<number> {
  const begun = performance.now();
  const operation =
    'query($query: String!) { search(query: $query, first: 10) { score text document { filename } } }';
  const { search } = await gql<{ search: unknown[] }>(url, 'dev:bench', operation, { query });
  if (search.length !== 10)
    throw new Error(`the search returned ${search.length} hits instead of 10`);
  return performance.now() - begun;
}

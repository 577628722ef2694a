import { gql, upload } from '../support/client.js';
import { startProduct } from '../support/product.js';
import { eventually } from '../support/wait.js';
import type { Figures } from './main.js';
import { median, percentile, round } from './statistics.js';
import { paragraphs } from './texts.js';

const DOCUMENTS = 100;
const WARM_UP = 5;
/** Characters of a page. */
const PAGE = 2_400;

/** Measures until a search finds the document, because a status proves less. */
export async function benchLatency(): Promise<Figures> {
  const product = await startProduct();
  const times: number[] = [];
  for (const [index, text] of paragraphs(DOCUMENTS + WARM_UP, PAGE).entries()) {
    const word = `marker${index}`;
    const begun = performance.now();
    const { document } = await upload(product.url, 'dev:bench', {
      name: `${word}.txt`,
      content: `${text} ${word}`,
    });
    await eventually(() => isFound(product.url, word, document.id), {
      everyMs: 2,
      timeoutMs: 30_000,
      what: 'a search hit',
    });
    times.push(performance.now() - begun);
  }
  const counted = times.slice(WARM_UP);
  return {
    medianMs: round(median(counted)),
    p99Ms: round(percentile(counted, 0.99)),
    documents: counted.length,
  };
}

async function isFound(url: string, word: string, id: string): Promise<boolean> {
  const query =
    'query($query: String!, $ids: [ID!]) { search(query: $query, mode: KEYWORD, first: 1, documentIds: $ids) { chunkIndex } }';
  const { search } = await gql<{ search: unknown[] }>(url, 'dev:bench', query, {
    query: word,
    ids: [id],
  });
  return search.length > 0;
}

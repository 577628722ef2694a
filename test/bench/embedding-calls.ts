/**
 * How many calls 1,000 documents of two passages cost, beside the fewest that there can be: 96
 * texts a call. Real worker, Weaviate, the Cohere stand-in.
 */
import { eventually } from '../support/wait.js';
import { makeDocuments } from './documents.js';
import type { Figures } from './main.js';
import { startProductSide } from './product-side.js';
import { withServers, type Servers } from './servers.js';
import { round } from './statistics.js';

const DOCUMENTS = Number(process.env['BENCH_DOCUMENTS'] ?? 1_000);
const USERS = 10;
const TEXTS_A_CALL = 96;
const LONG_MS = 300_000;
/** As many as a worker takes: their texts fill a call. As long a call as Cohere's are. */
const ENV = { WORKER_CONCURRENCY: '256', MAX_RUNNING_PER_USER: '256' };
const LATENCY_MS = 200;

export async function benchEmbeddingCalls(): Promise<Figures> {
  return withServers(async (servers) => {
    const side = await startProductSide(servers);
    try {
      await side.queue(makeDocuments(DOCUMENTS, USERS));
      // What the start of a worker asks to see whether the key is good is no call for a document.
      await side.query("update documents set scheduled_for = 'infinity'");
      await side.startWorker(ENV);
      await control(servers, { reset: true, latencyMs: LATENCY_MS });
      await side.query('update documents set scheduled_for = null');
      const isDone = async () =>
        (await side.query("select 1 from documents where status <> 'completed' limit 1")).length ===
        0;
      await eventually(isDone, { timeoutMs: LONG_MS, everyMs: 100, what: 'all documents to end' });
      const { calls, texts } = await control(servers, {});
      await control(servers, { reset: true });
      const atLeast = Math.ceil((2 * DOCUMENTS) / TEXTS_A_CALL);
      return { calls, atLeast, ratio: round(calls / atLeast, 2), texts };
    } finally {
      await side.stop();
    }
  });
}

async function control(
  { cohereUrl }: Servers,
  order: object,
): Promise<{ calls: number; texts: number }> {
  const answer = await fetch(`${cohereUrl}/control`, {
    method: 'POST',
    body: JSON.stringify(order),
  });
  return (await answer.json()) as { calls: number; texts: number };
}

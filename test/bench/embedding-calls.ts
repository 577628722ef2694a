/**
 * Counts the embedding calls for 1,000 documents of two passages and compares them with the minimum
 * number of calls of 96 texts. Runs a real worker, Weaviate and the Cohere stand-in.
 */
import { eventually } from '../support/wait.js';
import { makeDocuments } from './documents.js';
import type { Figures } from './main.js';
import { startProductSide } from './product-side.js';
import { withServers, type Servers } from './servers.js';
import { round } from './statistics.js';

const DOCUMENTS = Number(process.env['BENCH_DOCUMENTS'] ?? 1_000);
const USERS = 10;
const TEXTS_PER_CALL = 96;
const TIMEOUT_MS = 300_000;
/** The highest concurrency of a worker, so that the texts fill a call. */
const ENV = { WORKER_CONCURRENCY: '256', MAX_RUNNING_PER_USER: '256' };
/** A call to Cohere takes about as long. */
const LATENCY_MS = 200;

export async function benchEmbeddingCalls(): Promise<Figures> {
  return withServers(async (servers) => {
    const side = await startProductSide(servers);
    try {
      await side.queue(makeDocuments(DOCUMENTS, USERS));
      // A worker checks the key when it starts. That call embeds no document and is not counted.
      await side.query("update documents set scheduled_for = 'infinity'");
      await side.startWorker(ENV);
      await control(servers, { reset: true, latencyMs: LATENCY_MS });
      await side.query('update documents set scheduled_for = null');
      const isDone = async () =>
        (await side.query("select 1 from documents where status <> 'completed' limit 1")).length ===
        0;
      await eventually(isDone, {
        timeoutMs: TIMEOUT_MS,
        everyMs: 100,
        what: 'the end of all documents',
      });
      const { calls, texts } = await control(servers, {});
      await control(servers, { reset: true });
      const minimum = Math.ceil((2 * DOCUMENTS) / TEXTS_PER_CALL);
      return { calls, atLeast: minimum, ratio: round(calls / minimum, 2), texts };
    } finally {
      await side.stop();
    }
  });
}

async function control(
  { cohereUrl }: Servers,
  order: object,
): Promise<{ calls: number; texts: number }> {
  const response = await fetch(`${cohereUrl}/control`, {
    method: 'POST',
    body: JSON.stringify(order),
  });
  return (await response.json()) as { calls: number; texts: number };
}

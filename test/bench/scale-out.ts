/**
 * 2,000 documents, 8 at once in a worker, an embedder of 200 ms without limit, a store that answers
 * at once: 1, 2 and 4 workers.
 */
import { eventually } from '../support/wait.js';
import { makeDocuments } from './documents.js';
import type { Figures } from './main.js';
import { startProductSide } from './product-side.js';
import { withServers, type Servers } from './servers.js';
import { round } from './statistics.js';

const DOCUMENTS = Number(process.env['BENCH_DOCUMENTS'] ?? 2_000);
const USERS = 10;
const LONG_MS = 300_000;
const ENV = {
  WORKER_CONCURRENCY: '8',
  MAX_RUNNING_PER_USER: '256',
  BENCH_EMBEDDER_LATENCY_MS: '200',
};

export async function benchScaleOut(): Promise<Figures> {
  return withServers(async (servers) => {
    const one = await secondsWith(servers, 1);
    const two = await secondsWith(servers, 2);
    const four = await secondsWith(servers, 4);
    return {
      efficiency2: round(one / (2 * two), 3),
      efficiency4: round(one / (4 * four), 3),
      seconds1: round(one, 2),
      seconds2: round(two, 2),
      seconds4: round(four, 2),
    };
  });
}

/** The workers are there before the work: what is measured is not how fast a process starts. */
async function secondsWith(servers: Servers, workers: number): Promise<number> {
  const side = await startProductSide(servers);
  try {
    await side.queue(makeDocuments(DOCUMENTS, USERS));
    await side.query("update documents set scheduled_for = 'infinity'");
    await Promise.all(Array.from({ length: workers }, () => side.startInstantWorker(ENV)));
    await side.query('update documents set scheduled_for = null');
    const isDone = async () =>
      (await side.query("select 1 from documents where status <> 'completed' limit 1")).length ===
      0;
    await eventually(isDone, { timeoutMs: LONG_MS, everyMs: 100, what: 'all documents to end' });
    const [row] = await side.query<{ seconds: number }>(
      'select extract(epoch from max(processed_at) - min(started_at))::float8 as seconds from documents',
    );
    return row?.seconds ?? Number.NaN;
  } finally {
    await side.stop();
  }
}

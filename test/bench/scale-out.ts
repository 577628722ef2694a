/**
 * Measures 1, 2 and 4 workers with 2,000 documents: 8 at once in each worker, an embedder of 200 ms
 * without a limit, and a store that responds at once.
 */
import { eventually } from '../support/wait.js';
import { makeDocuments } from './documents.js';
import type { Figures } from './main.js';
import { startProductSide } from './product-side.js';
import { withServers, type Servers } from './servers.js';
import { round } from './statistics.js';

const DOCUMENTS = Number(process.env['BENCH_DOCUMENTS'] ?? 2_000);
const USERS = 10;
const TIMEOUT_MS = 300_000;
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

/** Measures from the first start of a document, with all workers ready, to the last end. */
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
    await eventually(isDone, {
      timeoutMs: TIMEOUT_MS,
      everyMs: 100,
      what: 'the end of all documents',
    });
    const [row] = await side.query<{ seconds: number }>(
      'select extract(epoch from max(processed_at) - min(started_at))::float8 as seconds from documents',
    );
    return row?.seconds ?? Number.NaN;
  } finally {
    await side.stop();
  }
}

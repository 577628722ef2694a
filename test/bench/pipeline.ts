/**
 * Measures how fast one worker process handles documents that were queued beforehand, until the
 * last watcher has its last event and the last status event is in Kafka.
 */
import { makeDocuments } from './documents.js';
import type { Figures } from './main.js';
import { startPeerSide } from './peers/side.js';
import { startProductSide } from './product-side.js';
import { withServers, type Servers } from './servers.js';
import { median, round } from './statistics.js';
import { watchUsers } from './watch.js';

const DOCUMENTS = Number(process.env['BENCH_DOCUMENTS'] ?? 5_000);
const USERS = 10;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
/** Documents that the one process of each side handles at once. */
const CONCURRENCY = Number(process.env['BENCH_CONCURRENCY'] ?? 64);

const userIds = Array.from({ length: USERS }, (_, index) => `bench-${index}`);

/**
 * Measures the product and the peer in alternation, so that a slower machine slows both of them.
 */
export async function benchPipeline(): Promise<Figures> {
  return withServers(async (servers) => {
    const rounds: { product: number; peer: number }[] = [];
    for (let done = 0; done < ROUNDS; done += 1) {
      rounds.push({ product: await runProductSide(servers), peer: await runPeerSide(servers) });
      process.stdout.write(`${JSON.stringify(rounds.at(-1))}\n`);
    }
    return {
      documentsPerSecond: round(median(rounds.map(({ product }) => product))),
      peerDocumentsPerSecond: round(median(rounds.map(({ peer }) => peer))),
      ratio: round(median(rounds.map(({ product, peer }) => product / peer)), 2),
      documents: DOCUMENTS,
      atOnce: CONCURRENCY,
    };
  });
}

async function runProductSide(servers: Servers): Promise<number> {
  const side = await startProductSide(servers, {
    WORKER_CONCURRENCY: String(CONCURRENCY),
    MAX_RUNNING_PER_USER: String(CONCURRENCY),
  });
  try {
    await side.queue(makeDocuments(DOCUMENTS, USERS));
    const watch = await watchUsers(side.api.url, userIds);
    await side.startInstantWorker();
    const lastEventAt = await watch.waitUntilEnded(DOCUMENTS);
    const endedAt = Math.max(lastEventAt, await side.waitUntilOutboxEmpty());
    watch.close();
    return DOCUMENTS / secondsSince(await firstStart(side), endedAt);
  } finally {
    await side.stop();
  }
}

async function runPeerSide(servers: Servers): Promise<number> {
  const side = await startPeerSide(servers);
  try {
    await side.queue(makeDocuments(DOCUMENTS, USERS));
    const watch = await watchUsers(side.api.url, userIds);
    await side.startWorker(CONCURRENCY);
    const endedAt = await watch.waitUntilEnded(DOCUMENTS);
    watch.close();
    return DOCUMENTS / secondsSince(await firstStart(side), endedAt);
  } finally {
    await side.stop();
  }
}

/**
 * Returns when the first document was started, by the clock of the database. The database runs on
 * this machine, so that its clock is that of the benchmark.
 */
async function firstStart(side: {
  query: <Row extends object>(sql: string) => Promise<Row[]>;
}): Promise<number> {
  const [row] = await side.query<{ ms: number }>(
    'select extract(epoch from min(started_at))::float8 * 1000 as ms from documents',
  );
  return row?.ms ?? Number.NaN;
}

function secondsSince(from: number, to: number): number {
  return (to - from) / 1_000;
}

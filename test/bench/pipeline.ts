/**
 * Documents queued beforehand, one worker process, until the last watcher has its last event and
 * the last status event is in Kafka.
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
/** Both sides: one process, so many documents at once. */
const CONCURRENCY = Number(process.env['BENCH_CONCURRENCY'] ?? 64);

const userIds = Array.from({ length: USERS }, (_, number) => `bench-${number}`);

/** In turn, so that a machine that gets slower gets slower for both. */
export async function benchPipeline(): Promise<Figures> {
  return withServers(async (servers) => {
    const rounds: { product: number; peer: number }[] = [];
    for (let number = 0; number < ROUNDS; number += 1) {
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
    const toldAt = await watch.allEnded(DOCUMENTS);
    const endedAt = Math.max(toldAt, await side.outboxEmpty());
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
    const endedAt = await watch.allEnded(DOCUMENTS);
    watch.close();
    return DOCUMENTS / secondsSince(await firstStart(side), endedAt);
  } finally {
    await side.stop();
  }
}

/** By the database's clock, which is this machine's: when the first document was taken up. */
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

/**
 * Measures the time from the first byte of an upload to the terminal event at the client's
 * WebSocket, at 20 documents per second.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { makeDocuments } from './documents.js';
import type { Figures } from './main.js';
import { startPeerSide } from './peers/side.js';
import { startProductSide } from './product-side.js';
import { createUpload } from './rest-upload.js';
import { withServers, type Servers } from './servers.js';
import { median, percentile, round } from './statistics.js';
import { watchUsers } from './watch.js';

const DOCUMENTS = Number(process.env['BENCH_DOCUMENTS'] ?? 400);
const WARM_UP = 40;
const UPLOAD_EVERY_MS = 50;
const USERS = 10;
const CONCURRENCY = 16;
const CONNECTIONS = 20;

const userIds = Array.from({ length: USERS }, (_, index) => `bench-${index}`);

export async function benchEndToEnd(): Promise<Figures> {
  return withServers(async (servers) => {
    const product = await runProductSide(servers);
    const peer = await runPeerSide(servers);
    return {
      medianMs: round(median(product)),
      p99Ms: round(percentile(product, 0.99)),
      peerMedianMs: round(median(peer)),
      peerP99Ms: round(percentile(peer, 0.99)),
      documents: product.length,
    };
  });
}

async function runProductSide(servers: Servers): Promise<number[]> {
  const side = await startProductSide(servers, {
    WORKER_CONCURRENCY: String(CONCURRENCY),
    MAX_RUNNING_PER_USER: String(CONCURRENCY),
  });
  try {
    await side.startInstantWorker();
    return await timeDocuments(side.api.url);
  } finally {
    await side.stop();
  }
}

async function runPeerSide(servers: Servers): Promise<number[]> {
  const side = await startPeerSide(servers);
  try {
    await side.startWorker(CONCURRENCY);
    return await timeDocuments(side.api.url);
  } finally {
    await side.stop();
  }
}

async function timeDocuments(url: string): Promise<number[]> {
  const watch = await watchUsers(url, userIds);
  const { upload, close } = createUpload(url, CONNECTIONS);
  const sent = new Map<string, number>();
  const ended = new Map<string, number>();
  watch.onEnded((documentId, at) => ended.set(documentId, at));
  const uploads: Promise<void>[] = [];
  for (const document of makeDocuments(WARM_UP + DOCUMENTS, USERS)) {
    const begun = performance.now();
    uploads.push(
      upload(document).then((id) => {
        sent.set(id, begun);
      }),
    );
    await sleep(UPLOAD_EVERY_MS);
  }
  await Promise.all(uploads);
  await watch.waitUntilEnded(sent.size);
  watch.close();
  close();
  const times = [...sent]
    .sort((a, b) => a[1] - b[1])
    .map(([id, begun]) => (ended.get(id) ?? Number.NaN) - begun);
  return times.slice(WARM_UP);
}

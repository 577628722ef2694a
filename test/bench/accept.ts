/** Measures uploads of 10 kB over 20 connections to one API process, without a worker. */
import { inParallel, makeDocuments, type BenchDocument } from './documents.js';
import type { Figures } from './main.js';
import { startPeerSide } from './peers/side.js';
import { startProductSide } from './product-side.js';
import { createUpload } from './rest-upload.js';
import { withServers } from './servers.js';
import { median, percentile, round } from './statistics.js';

const UPLOADS = Number(process.env['BENCH_DOCUMENTS'] ?? 5_000);
const WARM_UP = 1_000;
const ROUNDS = 5;
const CONNECTIONS = 20;
const LENGTH = 10_000;
const USERS = 100;

interface Round {
  perSecond: number;
  /** Milliseconds of each upload. */
  times: number[];
}

/**
 * Measures the product and the peer in alternation, so that a slower machine slows both of them.
 */
export async function benchAccept(): Promise<Figures> {
  return withServers(async (servers) => {
    const product = await startProductSide(servers);
    const peer = await startPeerSide(servers);
    const rounds: { product: Round; peer: Round }[] = [];
    const perRound = Math.ceil(UPLOADS / ROUNDS);
    const documents = makeDocuments(WARM_UP + UPLOADS, USERS, LENGTH);
    try {
      for (const side of [product, peer])
        await uploadAll(side.api.url, documents.splice(0, WARM_UP / 2));
      for (let number = 0; number < ROUNDS; number += 1) {
        const batch = documents.splice(0, perRound);
        const uploaded = {
          product: await uploadAll(product.api.url, batch),
          peer: await uploadAll(peer.api.url, batch),
        };
        await product.waitUntilOutboxEmpty();
        rounds.push(uploaded);
        process.stdout.write(
          `${JSON.stringify({ product: uploaded.product.perSecond, peer: uploaded.peer.perSecond })}\n`,
        );
      }
    } finally {
      await Promise.all([product.stop(), peer.stop()]);
    }
    return toFigures(rounds);
  });
}

function toFigures(rounds: readonly { product: Round; peer: Round }[]): Figures {
  const times = rounds.flatMap(({ product }) => product.times);
  return {
    uploadsPerSecond: round(median(rounds.map(({ product }) => product.perSecond))),
    peerUploadsPerSecond: round(median(rounds.map(({ peer }) => peer.perSecond))),
    ratio: round(median(rounds.map(({ product, peer }) => product.perSecond / peer.perSecond)), 2),
    medianMs: round(median(times)),
    p99Ms: round(percentile(times, 0.99)),
    uploads: times.length,
  };
}

async function uploadAll(url: string, documents: readonly BenchDocument[]): Promise<Round> {
  const { upload, close } = createUpload(url, CONNECTIONS);
  const times: number[] = [];
  const begun = performance.now();
  await inParallel(documents, CONNECTIONS, async (document) => {
    const sent = performance.now();
    await upload(document);
    times.push(performance.now() - sent);
  });
  const seconds = (performance.now() - begun) / 1_000;
  close();
  return { perSecond: documents.length / seconds, times };
}

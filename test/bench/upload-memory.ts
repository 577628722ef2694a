import { request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { startProduct } from '../support/product.js';
import type { Figures } from './main.js';
import { measureGrowth } from './resident-memory.js';
import { round } from './statistics.js';
import { sentence } from './texts.js';

const MIB = 1024 * 1024;
const FILE_MIB = 1_024;

export async function benchUploadMemory(): Promise<Figures> {
  const product = await startProduct({ env: { MAX_UPLOAD_BYTES: String(2 * FILE_MIB * MIB) } });
  // The first upload loads code and fills pools, so that the growth is what a large file adds.
  await uploadText(product.url, 64);
  const begun = performance.now();
  const { growthMiB, beforeMiB } = await measureGrowth(product.pid, () =>
    uploadText(product.url, FILE_MIB),
  );
  const seconds = (performance.now() - begun) / 1_000;
  return {
    fileMiB: FILE_MIB,
    rssGrowthMiB: round(growthMiB),
    rssBeforeMiB: round(beforeMiB),
    mibPerSecond: round(FILE_MIB / seconds),
  };
}

/** Uploads a text that is scheduled for the next day, so that no worker adds to the memory. */
async function uploadText(url: string, mib: number): Promise<void> {
  const boundary = 'docstream-bench';
  const tomorrow = new Date(Date.now() + 24 * 60 * 60 * 1_000).toISOString();
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="scheduledFor"\r\n\r\n${tomorrow}\r\n--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="large-${mib}.txt"\r\nContent-Type: text/plain\r\n\r\n`;
  const mebibyte = Buffer.from(
    Array.from({ length: 1_000 }, (_, index) => sentence(index))
      .join('\n')
      .repeat(20),
  ).subarray(0, MIB);
  function* body(): Generator<Buffer> {
    yield Buffer.from(head);
    for (let sent = 0; sent < mib; sent += 1) yield mebibyte;
    yield Buffer.from(`\r\n--${boundary}--\r\n`);
  }
  const upload = request(`${url}/api/documents/upload`, {
    method: 'POST',
    headers: {
      authorization: 'Bearer dev:bench',
      'content-type': `multipart/form-data; boundary=${boundary}`,
    },
  });
  const responded = new Promise<number>((resolve, reject) => {
    upload.once('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    upload.once('error', reject);
  });
  await pipeline(Readable.from(body(), { objectMode: false, highWaterMark: 2 * MIB }), upload);
  const status = await responded;
  if (status !== 202) throw new Error(`the upload failed with HTTP status ${status}`);
}

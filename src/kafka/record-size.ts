import type { LogRecord } from '../documents/ports.js';

/**
 * Bytes. Kafka's limit (1 MiB by default) applies to all records of one partition in one send, and
 * each record adds some bytes of its own.
 */
export const MAX_SEND_BYTES = 900_000;
const OVERHEAD_BYTES = 100;

/** Returns the bytes that a record takes in a send, with its overhead. */
export function measureRecord({ key, value, headers }: LogRecord): number {
  const texts = [key, value ?? '', ...Object.entries(headers).flat()];
  return texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), OVERHEAD_BYTES);
}

/** Keeps the order. A record over the limit has a batch of its own. */
export function splitIntoBatches<T>(items: readonly T[], toRecord: (item: T) => LogRecord): T[][] {
  const batches: T[][] = [];
  let bytes = Infinity;
  for (const item of items) {
    bytes += measureRecord(toRecord(item));
    const batch = batches.at(-1);
    if (batch && bytes <= MAX_SEND_BYTES) batch.push(item);
    else {
      batches.push([item]);
      bytes = measureRecord(toRecord(item));
    }
  }
  return batches;
}

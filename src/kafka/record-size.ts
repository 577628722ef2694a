import type { LogRecord } from '../documents/ports.js';

/**
 * Kafka's limit (1 MiB by default) is for all of a partition's records in one send together, and
 * each adds some bytes of its own.
 */
export const MAX_SEND_BYTES = 900_000;
const OVERHEAD_BYTES = 100;

export function sizeOf({ key, value, headers }: LogRecord): number {
  const texts = [key, value ?? '', ...Object.entries(headers).flat()];
  return texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), OVERHEAD_BYTES);
}

/** In order; a record over the limit is alone. */
export function splitBySize<T>(items: readonly T[], toRecord: (item: T) => LogRecord): T[][] {
  const parts: T[][] = [];
  let bytes = Infinity;
  for (const item of items) {
    bytes += sizeOf(toRecord(item));
    const part = parts.at(-1);
    if (part && bytes <= MAX_SEND_BYTES) part.push(item);
    else {
      parts.push([item]);
      bytes = sizeOf(toRecord(item));
    }
  }
  return parts;
}

/**
 * A sentence encoder inside this process: it needs no network and no installation. Its threads compute one small batch at a time, taken from
 * two queues: a question goes ahead of all passages, so that a search waits for one batch however many documents are being embedded.
 */
import { availableParallelism } from 'node:os';
import type { Embedder } from '../documents/ports.js';
import { ProcessingFailure } from '../errors.js';
import { createThreads, type Work } from './encoder-threads.js';

/** Of the vectors that the shipped model gives. */
const DIMENSIONS = 512;
/** Also the window by which documents are stored. */
const MAX_TEXTS = 32;
/** Characters a batch has at most, unless one text alone has more: a fifth of a second of one thread, the longest a question waits for a passage. */
const MAX_BATCH_CHARACTERS = 1_000;

type Purpose = 'document' | 'query';

export interface EncoderOptions {
  /** How many batches are computed at once; left out: one for each core. */
  threads?: number;
}

export function createEncoder({ threads: limit = availableParallelism() }: EncoderOptions = {}): Embedder {
  const queues: Record<Purpose, Set<Work>> = { query: new Set(), document: new Set() };
  const threads = createThreads({ limit, nextWork: () => takeFirst(queues.query) ?? takeFirst(queues.document) });
  let stopped = false;

  return {
    model: 'energetic-ai/embeddings-en@0.2.0',
    dimensions: DIMENSIONS,
    maxTexts: MAX_TEXTS,
    async embed(texts, purpose, signal) {
      if (stopped) throw encoderStopped();
      signal?.throwIfAborted();
      const call = createCall(texts, queues[purpose]);
      const abort = (): void => call.cancel(signal?.reason);
      signal?.addEventListener('abort', abort, { once: true });
      threads.wake();
      try {
        return await call.vectors;
      } finally {
        signal?.removeEventListener('abort', abort);
      }
    },
    async stop() {
      stopped = true;
      for (const work of [...queues.query, ...queues.document]) work.failed(encoderStopped());
      await threads.stop();
    },
  };
}

interface Call {
  vectors: Promise<Float32Array[]>;
  /** Drops what is queued; what a thread is computing is ignored when it comes. */
  cancel(reason: unknown): void;
}

/** Cuts the texts into batches, queues them, and puts the vectors back into the order of the texts. */
function createCall(texts: readonly string[], queue: Set<Work>): Call {
  const { promise, resolve, reject } = Promise.withResolvers<Float32Array[]>();
  const batches = toBatches(texts);
  const results = new Map<readonly string[], Float32Array[]>();
  const cancel = (reason: unknown): void => {
    for (const work of works) queue.delete(work);
    reject(reason);
  };
  const works = batches.map((batch): Work => ({
    texts: batch,
    failed: cancel,
    done(vectors) {
      results.set(batch, vectors);
      if (results.size === batches.length) resolve(batches.flatMap((each) => results.get(each) ?? []));
    },
  }));
  for (const work of works) queue.add(work);
  if (works.length === 0) resolve([]);
  return { vectors: promise, cancel };
}

function toBatches(texts: readonly string[]): string[][] {
  const batches: string[][] = [];
  let room = 0;
  for (const text of texts) {
    if (batches.length === 0 || room < text.length) {
      batches.push([]);
      room = MAX_BATCH_CHARACTERS;
    }
    batches.at(-1)?.push(text);
    room -= text.length;
  }
  return batches;
}

function takeFirst(queue: Set<Work>): Work | undefined {
  for (const work of queue) {
    queue.delete(work);
    return work;
  }
  return undefined;
}

function encoderStopped(): ProcessingFailure {
  return new ProcessingFailure('EMBEDDER_UNAVAILABLE', 'The encoder was stopped.');
}

/**
 * A sentence encoder inside this process: it needs no network and no installation. Its threads
 * compute one small batch at a time, taken from two queues: a question goes ahead of all passages,
 * so that a search waits for one batch however many documents are being embedded. In each queue the
 * users take turns, then their documents: a document of one passage waits for about one batch of
 * each other user.
 */
import { availableParallelism } from 'node:os';
import { createFairQueue, type FairQueue, type Owner } from '../documents/fair-queue.js';
import type { Embedder } from '../documents/ports.js';
import { ProcessingFailure } from '../errors.js';
import { createThreads, type Purpose, type Work } from './embedder-threads.js';

/** Of the vectors that the shipped model gives. */
const DIMENSIONS = 512;
/** Also the window by which documents are stored. */
const MAX_TEXTS = 32;
/**
 * Characters a batch has at most, unless one text alone has more: a fifth of a second of one
 * thread, the longest a question waits for a passage.
 */
const MAX_BATCH_CHARACTERS = 1_000;

/** Work of nobody's. */
const PROCESS: Owner = { userId: '' };

export interface EncoderOptions {
  /** How many batches are computed at once; left out: one for each core. */
  threads?: number;
}

export function createLocalEmbedder({
  threads: limit = availableParallelism(),
}: EncoderOptions = {}): Embedder {
  const queues: Record<Purpose, FairQueue<Work>> = {
    query: createFairQueue(),
    document: createFairQueue(),
  };
  const threads = createThreads({
    limit,
    nextWork: () => takeNext(queues.query) ?? takeNext(queues.document),
    waiting: () => queues.query.size + queues.document.size,
  });
  let stopped = false;

  return {
    model: 'energetic-ai/embeddings-en@0.2.0',
    dimensions: DIMENSIONS,
    maxTexts: MAX_TEXTS,
    async embed(texts, purpose, { signal, owner = PROCESS } = {}) {
      if (stopped) throw encoderStopped();
      signal?.throwIfAborted();
      const call = createCall(texts, purpose, { queue: queues[purpose], owner });
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
      for (const work of [...queues.query.items(), ...queues.document.items()])
        work.failed(encoderStopped());
      await threads.stop();
    },
  };
}

interface Call {
  vectors: Promise<Float32Array[]>;
  /** Drops what is queued; what a thread is computing is ignored when it comes. */
  cancel(reason: unknown): void;
}

/**
 * Cuts the texts into batches, queues them, and puts the vectors back into the order of the texts.
 */
function createCall(
  texts: readonly string[],
  purpose: Purpose,
  { queue, owner }: { queue: FairQueue<Work>; owner: Owner },
): Call {
  const { promise, resolve, reject } = Promise.withResolvers<Float32Array[]>();
  const batches = toBatches(texts);
  const results = new Map<readonly string[], Float32Array[]>();
  const cancel = (reason: unknown): void => {
    for (const work of works) queue.delete(work);
    reject(reason);
  };
  const works = batches.map((batch): Work => ({
    texts: batch,
    purpose,
    failed: cancel,
    done(vectors) {
      results.set(batch, vectors);
      if (results.size === batches.length)
        resolve(batches.flatMap((each) => results.get(each) ?? []));
    },
  }));
  for (const work of works) queue.add(owner, work);
  if (works.length === 0) resolve([]);
  return { vectors: promise, cancel };
}

function toBatches(texts: readonly string[]): string[][] {
  const batches: string[][] = [];
  let capacity = 0;
  for (const text of texts) {
    if (batches.length === 0 || capacity < text.length) {
      batches.push([]);
      capacity = MAX_BATCH_CHARACTERS;
    }
    batches.at(-1)?.push(text);
    capacity -= text.length;
  }
  return batches;
}

function takeNext(queue: FairQueue<Work>): Work | undefined {
  const work = queue.next();
  if (work) queue.delete(work);
  return work;
}

function encoderStopped(): ProcessingFailure {
  return new ProcessingFailure('EMBEDDER_UNAVAILABLE', 'The encoder was stopped.');
}

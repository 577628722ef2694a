/**
 * The local embedder: a sentence encoder within this process, without network or installation. Its
 * threads compute one small batch at a time, taken from two queues. Queries go ahead of all
 * passages, so that a search waits for one batch at most. In each queue the users take turns, then
 * their documents: a document of one passage waits for about one batch of each other user.
 */
import { availableParallelism } from 'node:os';
import { createFairQueue, type FairQueue, type Owner } from '../documents/fair-queue.js';
import type { Embedder } from '../documents/ports.js';
import { ProcessingFailure } from '../errors.js';
import { createEmbedderThreads, type Purpose, type Work } from './embedder-threads.js';

/** Length of the model's vectors. */
const DIMENSIONS = 512;
/** Also the batch size in which chunks are stored. */
const MAX_TEXTS = 32;
/**
 * Characters of one batch, unless a single text has more: a fifth of a second of one thread, which
 * is the longest that a query waits for a passage.
 */
const MAX_BATCH_CHARACTERS = 1_000;

/** The owner of work that belongs to no user. */
const PROCESS: Owner = { userId: '' };

export interface LocalEmbedderOptions {
  /** How many batches are computed at once. Default: one for each core. */
  threads?: number;
}

export function createLocalEmbedder({
  threads: limit = availableParallelism(),
}: LocalEmbedderOptions = {}): Embedder {
  const queues: Record<Purpose, FairQueue<Work>> = {
    query: createFairQueue(),
    document: createFairQueue(),
  };
  const threads = createEmbedderThreads({
    limit,
    nextWork: () => takeNext(queues.query) ?? takeNext(queues.document),
    waiting: () => queues.query.size + queues.document.size,
  });
  let isStopped = false;

  return {
    model: 'energetic-ai/embeddings-en@0.2.0',
    dimensions: DIMENSIONS,
    maxTexts: MAX_TEXTS,
    embed: async (texts, purpose, { signal, owner = PROCESS } = {}) => {
      if (isStopped) throw embedderStopped();
      signal?.throwIfAborted();
      const call = createCall(texts, purpose, { queue: queues[purpose], owner });
      const onAbort = (): void => call.cancel(signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      threads.wake();
      try {
        return await call.vectors;
      } finally {
        signal?.removeEventListener('abort', onAbort);
      }
    },
    stop: async () => {
      isStopped = true;
      for (const work of [...queues.query.items(), ...queues.document.items()])
        work.failed(embedderStopped());
      await threads.stop();
    },
  };
}

interface Call {
  vectors: Promise<Float32Array[]>;
  /** Drops the queued batches, and ignores the results of those that are being computed. */
  cancel(reason: unknown): void;
}

/**
 * Splits the texts into batches, queues them, and returns the vectors in the order of the texts.
 */
function createCall(
  texts: readonly string[],
  purpose: Purpose,
  { queue, owner }: { queue: FairQueue<Work>; owner: Owner },
): Call {
  const { promise, resolve, reject } = Promise.withResolvers<Float32Array[]>();
  const batches = toBatches(texts);
  const results = new Map<readonly string[], Float32Array[]>();

  function cancel(reason: unknown): void {
    for (const work of works) queue.delete(work);
    reject(reason);
  }

  function onResult(batch: readonly string[], vectors: Float32Array[]): void {
    results.set(batch, vectors);
    if (results.size === batches.length)
      resolve(batches.flatMap((each) => results.get(each) ?? []));
  }

  const works = batches.map((batch): Work => ({
    texts: batch,
    purpose,
    failed: cancel,
    done: (vectors) => onResult(batch, vectors),
  }));
  for (const work of works) queue.add(owner, work);
  if (works.length === 0) resolve([]);
  return { vectors: promise, cancel };
}

function toBatches(texts: readonly string[]): string[][] {
  const batches: string[][] = [];
  let remaining = 0;
  for (const text of texts) {
    if (batches.length === 0 || remaining < text.length) {
      batches.push([]);
      remaining = MAX_BATCH_CHARACTERS;
    }
    batches.at(-1)?.push(text);
    remaining -= text.length;
  }
  return batches;
}

function takeNext(queue: FairQueue<Work>): Work | undefined {
  const work = queue.next();
  if (work) queue.delete(work);
  return work;
}

function embedderStopped(): ProcessingFailure {
  return new ProcessingFailure('EMBEDDER_UNAVAILABLE', 'The embedder was stopped.');
}

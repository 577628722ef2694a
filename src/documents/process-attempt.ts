/**
 * Processes one attempt at a document: extracts the text, cuts it into chunks, embeds and stores
 * them batch by batch. Memory does not grow with the number of chunks. The document becomes
 * COMPLETED only if the vector store confirms exactly as many objects as there are chunks.
 */
import { ProcessingFailure } from '../errors.js';
import { chunkText, countChunks } from './chunking.js';
import type { Chunk, Document } from './document.js';
import type {
  BlobStore,
  Change,
  Claim,
  Embedder,
  ExtractedText,
  Extractor,
  VectorStore,
} from './ports.js';

/** A change that an attempt writes under its lease. */
export type AttemptChange = Pick<Change, 'through' | 'to' | 'set'>;

/** One attempt at a document, under a lease. */
export interface Attempt {
  claim: Claim;
  /** Aborts when the lease is lost or the process stops. */
  signal: AbortSignal;
  /** Writes a change. Throws LeaseLostError if the lease is no longer valid. */
  change(change: AttemptChange): Promise<Document>;
  reportProgress(done: number): void;
  /** Called when the text is extracted and the reader is free again. */
  onRead?(): void;
}

interface Dependencies {
  blobs: BlobStore;
  extractor: Extractor;
  embedder: Embedder;
  vectors: VectorStore;
  maxChunks: number;
}

/**
 * Two batches are embedded while one is stored, so that neither the embedder nor the vector store
 * waits for the other.
 */
const BATCHES_IN_FLIGHT = 3;

export type ProcessAttempt = (attempt: Attempt) => Promise<void>;

export function createProcessAttempt(dependencies: Dependencies): ProcessAttempt {
  return async (attempt) => {
    const text = await extract(dependencies, attempt);
    attempt.onRead?.();
    try {
      const chunkCount = await countWithin(text, dependencies.maxChunks);
      await attempt.change({ to: 'VECTORIZING', set: { chunkCount } });
      await vectorize(dependencies, attempt, text);
      await complete(dependencies, attempt, chunkCount);
    } finally {
      await text.dispose();
    }
  };
}

async function extract(
  { blobs, extractor }: Dependencies,
  { claim, signal }: Attempt,
): Promise<ExtractedText> {
  const content = await blobs.read(claim.document.blobKey);
  return extractor.extract({ mimeType: claim.document.mimeType, content, signal });
}

/** Returns the number of chunks. Throws EMPTY_TEXT or TOO_MANY_CHUNKS. */
async function countWithin(text: ExtractedText, maxChunks: number): Promise<number> {
  const count = await countChunks(text.segments(), maxChunks);
  if (count === 0)
    throw new ProcessingFailure(
      'EMPTY_TEXT',
      'The file contains no text. If it is a scan, run text recognition on it first.',
    );
  if (count > maxChunks)
    throw new ProcessingFailure(
      'TOO_MANY_CHUNKS',
      `The text has more than ${maxChunks} passages. Split the file and upload the parts.`,
    );
  return count;
}

/** Stores all chunks. After the first failure no batch starts, and those in flight are awaited. */
async function vectorize(
  dependencies: Dependencies,
  attempt: Attempt,
  text: ExtractedText,
): Promise<void> {
  const inFlight = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let done = 0;

  function startBatch(batch: Chunk[]): void {
    const task: Promise<void> = storeBatch(dependencies, attempt, batch)
      .then(() => {
        done += batch.length;
        attempt.reportProgress(done);
      })
      .catch((error: unknown) => void failures.push(error))
      .finally(() => inFlight.delete(task));
    inFlight.add(task);
  }

  for await (const batch of inBatches(chunkText(text.segments()), dependencies.embedder.maxTexts)) {
    startBatch(batch);
    if (inFlight.size >= BATCHES_IN_FLIGHT) await Promise.race(inFlight);
    if (failures.length > 0 || attempt.signal.aborted) break;
  }
  await Promise.all(inFlight);
  attempt.signal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
}

async function* inBatches(chunks: AsyncIterable<Chunk>, size: number): AsyncGenerator<Chunk[]> {
  let batch: Chunk[] = [];
  for await (const chunk of chunks) {
    batch.push(chunk);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function storeBatch(
  { embedder, vectors }: Dependencies,
  { claim, signal }: Attempt,
  batch: readonly Chunk[],
): Promise<void> {
  const { id: documentId, userId, generation } = claim.document;
  const embedded = await embedder.embed(
    batch.map((chunk) => chunk.text),
    'document',
    { signal, owner: { userId, documentId } },
  );
  signal.throwIfAborted();
  const objects = batch.map((chunk, index) => ({
    ...chunk,
    documentId,
    generation,
    vector: assertVector(embedder, embedded[index]),
  }));
  await vectors.store(userId, objects);
}

/** Returns the vector. Throws EMBEDDER_UNAVAILABLE if it is missing or invalid. */
function assertVector(embedder: Embedder, vector: Float32Array | undefined): Float32Array {
  if (vector?.length === embedder.dimensions && vector.every(Number.isFinite)) return vector;
  throw new ProcessingFailure(
    'EMBEDDER_UNAVAILABLE',
    'The embedding service returned invalid vectors.',
  );
}

async function complete(
  { vectors }: Dependencies,
  attempt: Attempt,
  chunkCount: number,
): Promise<void> {
  const { id, userId, generation } = attempt.claim.document;
  await vectors.trim(userId, id, generation, chunkCount);
  const stored = await vectors.count(userId, id, generation);
  if (stored !== chunkCount) {
    throw new ProcessingFailure(
      'VECTOR_STORE_UNAVAILABLE',
      `The vector store holds ${stored} of ${chunkCount} passages.`,
    );
  }
  await attempt.change({
    to: 'COMPLETED',
    set: {
      progressDone: chunkCount,
      vectorCount: chunkCount,
      liveGeneration: generation,
      error: null,
    },
  });
}

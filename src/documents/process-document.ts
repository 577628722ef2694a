/**
 * One try at one document, under a lease: text, chunks, embeddings, vectors, window by window.
 * Memory does not grow with the number of chunks. COMPLETED only if the vector store confirms
 * exactly as many objects as there were chunks.
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

/** What a try needs from the one who runs it. */
export interface Run {
  claim: Claim;
  /** Aborts when the lease is lost or the process stops. */
  signal: AbortSignal;
  /** Writes a change under the lease; throws LeaseLostError when it no longer holds. */
  change(change: Pick<Change, 'to' | 'set'>): Promise<Document>;
  progress(done: number): void;
  /** The file has been read; its reader is free. */
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
 * Two windows embed while one is stored: neither the embedder nor the store waits for the other.
 */
const WINDOWS_IN_FLIGHT = 3;

export type ProcessDocument = (run: Run) => Promise<void>;

export function createProcessDocument(dependencies: Dependencies): ProcessDocument {
  return async (run) => {
    const text = await extract(dependencies, run);
    run.onRead?.();
    try {
      const chunkCount = await countWithin(text, dependencies.maxChunks);
      await run.change({ to: 'VECTORIZING', set: { chunkCount } });
      await vectorize(dependencies, run, text);
      await complete(dependencies, run, chunkCount);
    } finally {
      await text.dispose();
    }
  };
}

async function extract(
  { blobs, extractor }: Dependencies,
  { claim, signal }: Run,
): Promise<ExtractedText> {
  const content = await blobs.read(claim.document.blobKey);
  return extractor.extract({ mimeType: claim.document.mimeType, content, signal });
}

async function countWithin(text: ExtractedText, maxChunks: number): Promise<number> {
  const count = await countChunks(text.segments(), maxChunks);
  if (count === 0)
    throw new ProcessingFailure(
      'EMPTY_TEXT',
      'There is no text in this file; is it a scan? Run text recognition on it first.',
    );
  if (count > maxChunks)
    throw new ProcessingFailure(
      'TOO_MANY_CHUNKS',
      `The text has more than ${maxChunks} passages: split the file.`,
    );
  return count;
}

async function vectorize(dependencies: Dependencies, run: Run, text: ExtractedText): Promise<void> {
  const inFlight = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let done = 0;
  const begin = (window: Chunk[]) => {
    const task: Promise<void> = storeWindow(dependencies, run, window)
      .then(() => run.progress((done += window.length)))
      .catch((error: unknown) => void failures.push(error))
      .finally(() => inFlight.delete(task));
    inFlight.add(task);
  };
  for await (const window of windows(chunkText(text.segments()), dependencies.embedder.maxTexts)) {
    begin(window);
    if (inFlight.size >= WINDOWS_IN_FLIGHT) await Promise.race(inFlight);
    if (failures.length > 0 || run.signal.aborted) break;
  }
  await Promise.all(inFlight);
  run.signal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
}

async function* windows(chunks: AsyncIterable<Chunk>, size: number): AsyncGenerator<Chunk[]> {
  let window: Chunk[] = [];
  for await (const chunk of chunks) {
    window.push(chunk);
    if (window.length < size) continue;
    yield window;
    window = [];
  }
  if (window.length > 0) yield window;
}

async function storeWindow(
  { embedder, vectors }: Dependencies,
  { claim, signal }: Run,
  window: readonly Chunk[],
): Promise<void> {
  const { id: documentId, userId, generation } = claim.document;
  const texts = window.map((chunk) => chunk.text);
  const embedded = await embedder.embed(texts, 'document', {
    signal,
    owner: { userId, documentId },
  });
  signal.throwIfAborted();
  const objects = window.map((chunk, position) => ({
    ...chunk,
    documentId,
    generation,
    vector: checked(embedder, embedded[position]),
  }));
  await vectors.store(userId, objects);
}

/** A service that answers with too few, too short or broken vectors has not answered. */
function checked(embedder: Embedder, vector: Float32Array | undefined): Float32Array {
  if (vector?.length === embedder.dimensions && vector.every(Number.isFinite)) return vector;
  throw new ProcessingFailure(
    'EMBEDDER_UNAVAILABLE',
    'The embedding service gave an unusable answer.',
  );
}

async function complete({ vectors }: Dependencies, run: Run, chunkCount: number): Promise<void> {
  const { id, userId, generation } = run.claim.document;
  await vectors.trim(userId, id, generation, chunkCount);
  const stored = await vectors.count(userId, id, generation);
  if (stored !== chunkCount) {
    throw new ProcessingFailure(
      'VECTOR_STORE_UNAVAILABLE',
      `The vector store confirms ${stored} of ${chunkCount} passages.`,
    );
  }
  await run.change({
    to: 'COMPLETED',
    set: {
      progressDone: chunkCount,
      vectorCount: chunkCount,
      liveGeneration: generation,
      error: null,
    },
  });
}

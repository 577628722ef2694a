/** Adapters in memory: an embedder, a vector store, a blob store, extracted text. */
import { Readable } from 'node:stream';
import type {
  BlobStore,
  Embedder,
  ExtractedText,
  TextSegment,
  VectorObject,
  VectorStore,
} from '../../src/documents/ports.js';
import { ProcessingFailure } from '../../src/errors.js';

export function createFakeEmbedder({ maxTexts = 4, dimensions = 3 } = {}): Embedder {
  return {
    model: 'fake',
    dimensions,
    maxTexts,
    embed: async (texts) =>
      texts.map(() => new Float32Array(dimensions).fill(1 / Math.sqrt(dimensions))),
    stop: async () => undefined,
  };
}

export type FakeVectors = VectorStore & { objects: Map<string, VectorObject> };

export function createFakeVectors(): FakeVectors {
  const objects = new Map<string, VectorObject>();
  const removeWhere = (matches: (object: VectorObject) => boolean) => {
    for (const [key, object] of objects) if (matches(object)) objects.delete(key);
  };
  return {
    objects,
    store: async (_userId, stored) => {
      for (const object of stored)
        objects.set([object.documentId, object.generation, object.index].join(':'), object);
    },
    count: async (_userId, documentId, generation) =>
      [...objects.values()].filter(
        (object) => object.documentId === documentId && object.generation === generation,
      ).length,
    trim: async (_userId, documentId, generation, chunkCount) =>
      removeWhere(
        (object) =>
          object.documentId === documentId &&
          object.generation === generation &&
          object.index >= chunkCount,
      ),
    remove: async (_userId, documentId, { below = Infinity, only } = {}) =>
      removeWhere(
        ({ documentId: id, generation }) =>
          id === documentId && generation < below && generation === (only ?? generation),
      ),
    search: async () => [],
  };
}

export type FakeBlobs = BlobStore & { contents: Map<string, Buffer> };

export function createFakeBlobs(): FakeBlobs {
  const contents = new Map<string, Buffer>();
  return {
    contents,
    write: async (key, content) => {
      const buffers: Buffer[] = [];
      for await (const buffer of content) buffers.push(buffer);
      contents.set(key, Buffer.concat(buffers));
    },
    read: async (key) => {
      const content = contents.get(key);
      if (!content) throw new ProcessingFailure('BLOB_MISSING', 'The stored file is gone.');
      return Readable.from([content]);
    },
    remove: async (key) => void contents.delete(key),
  };
}

/** Creates a text that is generated while it is read and counts its disposals. */
export function createFakeText(
  segments: () => Iterable<TextSegment>,
): ExtractedText & { disposed: number } {
  const text = {
    disposed: 0,
    async *segments() {
      yield* segments();
    },
    dispose: async () => {
      text.disposed += 1;
    },
  };
  return text;
}

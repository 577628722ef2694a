import { setImmediate as turn } from 'node:timers/promises';
import { MAX_CHUNK_LENGTH } from '../../src/documents/chunking.js';
import type { Document } from '../../src/documents/document.js';
import type { Embedder, ExtractedText, TextSegment } from '../../src/documents/ports.js';
import { createProcessAttempt, type Attempt } from '../../src/documents/process-attempt.js';
import { ProcessingFailure } from '../../src/errors.js';
import {
  createFakeBlobs,
  createFakeEmbedder,
  createFakeText,
  createFakeVectors,
  type FakeVectors,
} from '../support/fake-parts.js';
import { makeDocument } from '../support/make-document.js';

/** `count` passages, each a page of its own. */
function* pages(count: number): Generator<TextSegment> {
  for (let page = 1; page <= count; page += 1) yield { text: `Passage ${page}.`, page };
}

interface Setup {
  text?: ExtractedText;
  embedder?: Embedder;
  vectors?: FakeVectors;
  maxChunks?: number;
  document?: Document;
  signal?: AbortSignal;
}

/** One attempt at one document, with its changes and its progress. */
function prepare(setup: Setup = {}) {
  const {
    document = makeDocument({ status: 'EXTRACTING', attempt: 1 }),
    vectors = createFakeVectors(),
  } = setup;
  const { text = createFakeText(() => pages(10)), signal = new AbortController().signal } = setup;
  const blobs = createFakeBlobs();
  blobs.contents.set(document.blobKey, Buffer.from('a file'));
  const extractor = { extract: async () => text, stop: async () => undefined };
  const changes: Parameters<Attempt['change']>[0][] = [];
  const progress: number[] = [];
  const attempt: Attempt = {
    claim: { document, leaseToken: 'lease' },
    signal,
    change: async (change) => {
      changes.push(change);
      return { ...document, status: change.to };
    },
    reportProgress: (done) => void progress.push(done),
  };
  const { embedder = createFakeEmbedder(), maxChunks = 20_000 } = setup;
  const process = createProcessAttempt({ blobs, extractor, embedder, vectors, maxChunks });
  return { process: () => process(attempt), changes, progress, vectors, document, blobs };
}

const failure = (code: string) =>
  expect.objectContaining({ name: 'ProcessingFailure', code }) as ProcessingFailure;

describe('an attempt whose text can be read', () => {
  it('completes the document with every passage stored once', async () => {
    const { process, changes, vectors, document } = prepare();
    await process();
    expect(changes).toEqual([
      { to: 'VECTORIZING', set: { chunkCount: 10 } },
      {
        to: 'COMPLETED',
        set: { progressDone: 10, vectorCount: 10, liveGeneration: 1, error: null },
      },
    ]);
    expect([...vectors.objects.values()].map(({ index, text }) => [index, text])).toEqual(
      Array.from({ length: 10 }, (_, index) => [index, `Passage ${index + 1}.`]),
    );
    expect(
      [...vectors.objects.values()].every(
        (object) => object.documentId === document.id && object.generation === 1,
      ),
    ).toBe(true);
  });

  it('reports its progress after each stored batch, and never less than before', async () => {
    const { process, progress } = prepare();
    await process();
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(progress.at(-1)).toBe(10);
  });

  it('deletes the surplus passages of an older attempt', async () => {
    const document = makeDocument({ status: 'EXTRACTING' });
    const vectors = createFakeVectors();
    await prepare({ document, vectors, text: createFakeText(() => pages(15)) }).process();
    await prepare({ document, vectors }).process();
    expect(vectors.objects.size).toBe(10);
  });

  it('disposes of the text whether it succeeds or fails', async () => {
    for (const count of [0, 5]) {
      const text = createFakeText(() => pages(count));
      await prepare({ text })
        .process()
        .catch(() => undefined);
      expect(text.disposed).toBe(1);
    }
  });
});

describe('an attempt that cannot complete its document', () => {
  it('fails with EMPTY_TEXT if there is no text', async () => {
    const { process, changes } = prepare({
      text: createFakeText(() => [{ text: ' \n\t ', page: 1 }]),
    });
    await expect(process()).rejects.toEqual(failure('EMPTY_TEXT'));
    expect(changes).toEqual([]);
  });

  it('fails with TOO_MANY_CHUNKS above the limit, and does not read the rest of the text', async () => {
    let read = 0;
    const text = createFakeText(function* () {
      for (const segment of pages(1_000)) {
        read += 1;
        yield segment;
      }
    });
    await expect(prepare({ text, maxChunks: 10 }).process()).rejects.toEqual(
      failure('TOO_MANY_CHUNKS'),
    );
    expect(read).toBeLessThan(20);
  });

  it('succeeds with exactly as many passages as the limit', async () => {
    await expect(prepare({ maxChunks: 10 }).process()).resolves.toBeUndefined();
  });

  it('fails with BLOB_MISSING if the file does not exist', async () => {
    const { process, blobs } = prepare();
    blobs.contents.clear();
    await expect(process()).rejects.toEqual(failure('BLOB_MISSING'));
  });

  it.each([-1, +1])(
    'fails with VECTOR_STORE_UNAVAILABLE if the vector store confirms %d passages more',
    async (difference) => {
      const vectors = createFakeVectors();
      const count = vectors.count;
      vectors.count = async (...generation) => (await count(...generation)) + difference;
      const { process, changes } = prepare({ vectors });
      await expect(process()).rejects.toEqual(failure('VECTOR_STORE_UNAVAILABLE'));
      expect(changes.map(({ to }) => to)).toEqual(['VECTORIZING']);
    },
  );

  it.each<[string, (texts: readonly string[]) => Float32Array[]]>([
    ['too few vectors', (texts) => texts.slice(1).map(() => new Float32Array([1, 0, 0]))],
    ['vectors that are too short', (texts) => texts.map(() => new Float32Array([1, 0]))],
    ['vectors that are too long', (texts) => texts.map(() => new Float32Array([1, 0, 0, 0]))],
    [
      'a vector that holds NaN',
      (texts) => texts.map((_, index) => new Float32Array([index === 0 ? NaN : 1, 0, 0])),
    ],
    [
      'a vector that holds an infinity',
      (texts) => texts.map(() => new Float32Array([Infinity, 0, 0])),
    ],
  ])(
    'fails with EMBEDDER_UNAVAILABLE if the embedder returns %s, and stores nothing of the batch',
    async (_, toVectors) => {
      const embedder: Embedder = {
        ...createFakeEmbedder(),
        embed: async (texts) => toVectors(texts),
      };
      const { process, vectors } = prepare({ embedder });
      await expect(process()).rejects.toEqual(failure('EMBEDDER_UNAVAILABLE'));
      expect(vectors.objects.size).toBe(0);
    },
  );

  it('stops soon after a batch has failed, and waits for the batches in flight', async () => {
    let calls = 0;
    let settled = 0;
    const embedder: Embedder = {
      ...createFakeEmbedder(),
      embed: async (texts, purpose) => {
        calls += 1;
        const isSecond = calls === 2;
        await turn();
        settled += 1;
        if (isSecond) throw new ProcessingFailure('EMBEDDER_UNAVAILABLE', 'away');
        return createFakeEmbedder().embed(texts, purpose);
      },
    };
    const { process, changes } = prepare({ embedder, text: createFakeText(() => pages(400)) });
    await expect(process()).rejects.toEqual(failure('EMBEDDER_UNAVAILABLE'));
    expect(calls).toBeLessThan(8);
    expect(settled).toBe(calls);
    expect(changes.map(({ to }) => to)).toEqual(['VECTORIZING']);
  });

  it('leaves no unhandled rejection if every batch fails', async () => {
    const unheard: unknown[] = [];
    const listener = (reason: unknown) => void unheard.push(reason);
    process.on('unhandledRejection', listener);
    const embedder: Embedder = {
      ...createFakeEmbedder(),
      embed: () => Promise.reject(new ProcessingFailure('EMBEDDER_REFUSED', 'no')),
    };
    await expect(prepare({ embedder }).process()).rejects.toEqual(failure('EMBEDDER_REFUSED'));
    await turn();
    await turn();
    process.off('unhandledRejection', listener);
    expect(unheard).toEqual([]);
  });

  it('leaves no unhandled rejection if its text cannot be read to the end', async () => {
    const unheard: unknown[] = [];
    const listener = (reason: unknown) => void unheard.push(reason);
    process.on('unhandledRejection', listener);
    let reads = 0;
    const text = createFakeText(function* () {
      reads += 1;
      yield* pages(9);
      if (reads === 2) throw new Error('the disk is gone');
    });
    await expect(prepare({ text }).process()).rejects.toThrow('the disk is gone');
    await turn();
    process.off('unhandledRejection', listener);
    expect(unheard).toEqual([]);
  });

  it('rejects with the reason of its signal and does not complete the document', async () => {
    const away = new AbortController();
    const embedder: Embedder = {
      ...createFakeEmbedder(),
      embed: async (texts, purpose) => {
        away.abort(new Error('taken away'));
        return createFakeEmbedder().embed(texts, purpose);
      },
    };
    const { process, changes, vectors } = prepare({ embedder, signal: away.signal });
    await expect(process()).rejects.toThrow('taken away');
    expect(changes.map(({ to }) => to)).toEqual(['VECTORIZING']);
    expect(vectors.objects.size).toBe(0);
  });
});

describe('a large document', () => {
  it('has at most three batches in flight, each as large as the embedder accepts', async () => {
    let underWay = 0;
    let most = 0;
    const sizes = new Set<number>();
    const embedder: Embedder = {
      ...createFakeEmbedder({ maxTexts: 5 }),
      embed: async (texts, purpose) => {
        most = Math.max(most, (underWay += 1));
        sizes.add(texts.length);
        await turn();
        underWay -= 1;
        return createFakeEmbedder().embed(texts, purpose);
      },
    };
    await prepare({ embedder, text: createFakeText(() => pages(52)) }).process();
    expect(most).toBe(3);
    expect([...sizes].sort()).toEqual([2, 5]);
  });

  it('with 10,000 passages is read no faster than it is stored', async () => {
    let read = 0;
    let stored = 0;
    let furthestAhead = 0;
    const vectors = createFakeVectors();
    vectors.store = async (_userId, objects) => {
      await turn();
      stored += objects.length;
    };
    vectors.count = async () => stored;
    let reads = 0;
    const text = createFakeText(function* () {
      reads += 1;
      read = 0;
      for (const segment of pages(10_000)) {
        read += 1;
        if (reads === 2) furthestAhead = Math.max(furthestAhead, read - stored);
        yield { ...segment, text: segment.text.padEnd(MAX_CHUNK_LENGTH / 2, ' word') };
      }
    });
    const { process, changes } = prepare({
      text,
      vectors,
      embedder: createFakeEmbedder({ maxTexts: 32 }),
    });
    await process();
    expect(changes.at(-1)).toMatchObject({ to: 'COMPLETED', set: { vectorCount: 10_000 } });
    expect(furthestAhead).toBeLessThanOrEqual(4 * 32 + 2);
  });
});

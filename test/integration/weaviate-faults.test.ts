/**
 * The vector store on Weaviate while Weaviate fails, is late or fails in part. A proxy between the
 * two causes the faults.
 */
import { randomUUID } from 'node:crypto';
import type { Cleanup, DocumentStore, VectorObject } from '../../src/documents/ports.js';
import { createRunCleanups } from '../../src/documents/run-cleanups.js';
import { toTenant } from '../../src/weaviate/objects.js';
import { createWeaviateVectorStore, type WeaviateVectorStore } from '../../src/weaviate/vectors.js';
import { startFaultProxy, type Exchange, type FaultProxy } from '../support/fault-proxy.js';
import { makeLogger } from '../support/make-logger.js';
import '../support/one-error-class.js';
import { describeWith } from '../support/real-server.js';
import { within } from '../support/wait.js';

const MODEL = 'a-model';
const UNAVAILABLE = {
  name: 'ProcessingFailure',
  code: 'VECTOR_STORE_UNAVAILABLE',
  retryable: true,
};
const BATCH_SIZE = 96;

type Batch = { objects: { id: string }[] };

const isBatch = ({ method, path }: Exchange) => method === 'POST' && path === '/v1/batch/objects';

describeWith('WEAVIATE_URL', (url) => {
  let proxy: FaultProxy;
  let store: WeaviateVectorStore;
  let collection: string;
  let user: string;
  let documentId: string;

  const open = (more: { url?: string; timeoutMs?: number; model?: string; apiKey?: string } = {}) =>
    createWeaviateVectorStore({
      url: proxy.url,
      apiKey: null,
      model: MODEL,
      dimensions: 4,
      timeoutMs: 10_000,
      logger: makeLogger(),
      collection,
      ...more,
    });
  const makeObjects = (count: number, more: Partial<VectorObject> = {}): VectorObject[] =>
    Array.from({ length: count }, (_, index) => ({
      documentId,
      generation: 1,
      index,
      page: null,
      charStart: 0,
      charEnd: 4,
      text: 'knot',
      vector: new Float32Array([1, 0, 0, 0]),
      ...more,
    }));
  const makeQuery = (more: object = {}) => ({
    userId: user,
    mode: 'KEYWORD' as const,
    text: 'knot',
    vector: null,
    limit: 10,
    ...more,
  });

  beforeAll(async () => {
    proxy = await startFaultProxy(url);
  });
  afterAll(() => proxy.close());
  beforeEach(async () => {
    collection = `Test${randomUUID().replaceAll('-', '')}`;
    user = `user-${randomUUID()}`;
    documentId = randomUUID();
    proxy.use();
    store = await open();
  });
  afterEach(async () => {
    await store.stop();
    await fetch(`${url}/v1/schema/${collection}`, { method: 'DELETE' });
  });

  describe('a batch with refused objects', () => {
    /** Withholds three objects from the server, and reports them as it does: within a 200. */
    const refuseThree = async (exchange: Exchange) => {
      if (!isBatch(exchange)) return exchange.forward();
      const { objects } = exchange.body as Batch;
      const { status, body } = await exchange.forward({ objects: objects.slice(3) });
      const result = {
        status: 'FAILED',
        errors: { error: [{ message: 'put object: the disk is full' }] },
      };
      return {
        status,
        body: [
          ...objects.slice(0, 3).map((object) => ({ ...object, result })),
          ...(body as object[]),
        ],
      };
    };

    it('fails despite status 200, and says how many objects are confirmed', async () => {
      proxy.use(refuseThree);
      const stored = store.store(user, makeObjects(BATCH_SIZE));
      await expect(stored).rejects.toMatchObject({
        ...UNAVAILABLE,
        message: expect.stringContaining('93 of 96') as string,
      });
      expect(await store.count(user, documentId, 1)).toBe(BATCH_SIZE - 3);
    });

    it('holds every object once after it is stored again', async () => {
      proxy.use(refuseThree);
      await store.store(user, makeObjects(BATCH_SIZE)).catch(() => undefined);
      proxy.use();
      await store.store(user, makeObjects(BATCH_SIZE));
      expect(await store.count(user, documentId, 1)).toBe(BATCH_SIZE);
    });

    it('fails if the response omits an object', async () => {
      proxy.use(async (exchange) => {
        const response = await exchange.forward();
        return isBatch(exchange)
          ? { ...response, body: (response.body as object[]).slice(1) }
          : response;
      });
      await expect(store.store(user, makeObjects(5))).rejects.toMatchObject(UNAVAILABLE);
    });

    it('fails if the real server refuses vectors of another length', async () => {
      await store.store(user, makeObjects(1));
      await expect(
        store.store(user, makeObjects(2, { vector: new Float32Array([1, 0]) })),
      ).rejects.toMatchObject(UNAVAILABLE);
    });
  });

  describe('a server that hangs', () => {
    it.each([
      ['storing', (hung: WeaviateVectorStore) => hung.store(user, makeObjects(1))],
      ['counting', (hung: WeaviateVectorStore) => hung.count(user, documentId, 1)],
      ['removing', (hung: WeaviateVectorStore) => hung.remove(user, documentId)],
      ['searching', (hung: WeaviateVectorStore) => hung.search(makeQuery())],
      ['checking', (hung: WeaviateVectorStore) => hung.check()],
    ])('fails %s after the timeout, and closes the request', async (_, call) => {
      const hung = await open({ timeoutMs: 200 });
      const closed: Promise<void>[] = [];
      proxy.use(async ({ gone }) => void closed.push(gone));
      await expect(within<unknown>(call(hung), 5_000, 'the call')).rejects.toMatchObject(
        UNAVAILABLE,
      );
      expect(closed).toHaveLength(1);
      await within(Promise.all(closed), 5_000, 'closing the request');
    });

    it('does not delay a stop: pending calls fail at once', async () => {
      const received = Promise.withResolvers<void>();
      proxy.use(async () => void received.resolve());
      const counted = store.count(user, documentId, 1);
      const failed = expect(counted).rejects.toMatchObject(UNAVAILABLE);
      await received.promise;
      await store.stop();
      await within(failed, 5_000, 'the call');
    });
  });

  describe('a failing server', () => {
    it('is reported as unavailable when the store opens', async () => {
      await expect(open({ url: 'http://127.0.0.1:1' })).rejects.toMatchObject(UNAVAILABLE);
    });

    it('fails the check in an outage, and passes it afterwards', async () => {
      proxy.use(async () => ({ status: 503, body: undefined }));
      await expect(store.check()).rejects.toMatchObject(UNAVAILABLE);
      proxy.use();
      await expect(store.check()).resolves.toBeUndefined();
    });

    it('fails a search whose GraphQL response holds errors with status 200', async () => {
      proxy.use(async () => ({
        status: 200,
        body: {
          data: { Get: { [collection]: null } },
          errors: [{ message: 'shard is read-only' }],
        },
      }));
      await expect(store.search(makeQuery())).rejects.toMatchObject(UNAVAILABLE);
      await expect(store.count(user, documentId, 1)).rejects.toMatchObject(UNAVAILABLE);
    });

    it('gets the key as a bearer token; a rejection names the variable, never the key', async () => {
      const seen: unknown[] = [];
      proxy.use(async ({ headers }) => {
        seen.push(headers.authorization);
        return { status: 401, body: { error: [{ message: 'unauthorized: invalid api key' }] } };
      });
      const refused = await open({ apiKey: 'not-the-key' }).catch((error: unknown) => error);
      expect(refused).toMatchObject({
        name: 'SetupError',
        message: expect.stringContaining('WEAVIATE_API_KEY') as string,
      });
      expect(seen).toEqual(['Bearer not-the-key']);
      expect(JSON.stringify(refused) + String(refused)).not.toContain('not-the-key');
    });
  });

  describe('remove', () => {
    it('removes more objects than the server removes in one call', async () => {
      const many = 10_500;
      const perCall = 1_500;
      for (let start = 0; start < many; start += perCall) {
        const objects = makeObjects(perCall).map((object) => ({
          ...object,
          index: start + object.index,
        }));
        await store.store(user, objects);
      }
      let calls = 0;
      proxy.use((exchange) => {
        calls += Number(exchange.method === 'DELETE');
        return exchange.forward();
      });
      expect(await store.count(user, documentId, 1)).toBe(many);
      await store.remove(user, documentId);
      expect(await store.count(user, documentId, 1)).toBe(0);
      expect(calls).toBeGreaterThan(1);
    });

    it('gives up if objects match and none can be removed', async () => {
      await store.store(user, makeObjects(2));
      const stuck = { results: { matches: 2, limit: 10_000, successful: 0, failed: 2 } };
      proxy.use(async (exchange) =>
        exchange.method === 'DELETE' ? { status: 200, body: stuck } : exchange.forward(),
      );
      await expect(store.remove(user, documentId)).rejects.toMatchObject(UNAVAILABLE);
    });

    it('removes a batch that arrives after the first cleanup, with the second one', async () => {
      const arrived = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      proxy.use(async (exchange) => {
        if (isBatch(exchange)) {
          arrived.resolve();
          await released.promise;
        }
        return exchange.forward();
      });
      const lateBatch = store.store(user, makeObjects(BATCH_SIZE));
      await arrived.promise;
      const runCleanups = startCleanups(store);

      await runCleanups();
      released.resolve();
      await lateBatch;
      expect(await store.count(user, documentId, 1)).toBe(BATCH_SIZE);
      await runCleanups();
      expect(await store.count(user, documentId, 1)).toBe(0);
      expect(await store.search(makeQuery())).toEqual([]);
    });

    /** The cleanup of this document is always due. */
    function startCleanups(vectors: WeaviateVectorStore): () => Promise<boolean> {
      const rest = {
        blobKey: null,
        generationsBelow: null,
        onlyGeneration: null,
        removesDocument: true,
        runs: 0,
      };
      const cleanup: Cleanup = { id: '1', documentId, userId: user, ...rest };
      const due = {
        dueCleanups: async () => [cleanup],
        finishCleanup: async () => undefined,
      } as Partial<DocumentStore> as DocumentStore;
      const blobs = {
        write: async () => undefined,
        read: () => Promise.reject(new Error('no blobs')),
        remove: async () => undefined,
      };
      return createRunCleanups({ store: due, vectors, blobs, logger: makeLogger() });
    }
  });

  describe('tenants', () => {
    it.each(['a/../b', 'ä ö', 'x'.repeat(128), '', 'UPPER', 'null\u0000byte', '"quoted" {}'])(
      'gives %j a tenant',
      async (name) => {
        await store.store(name, makeObjects(2));
        expect(await store.count(name, documentId, 1)).toBe(2);
      },
    );

    it('differ for user ids that differ in anything', () => {
      const names = ['a', 'A', 'a ', 'a/b', 'a_b', 'x'.repeat(128), 'x'.repeat(127)];
      expect(new Set(names.map((name) => toTenant(name).toLowerCase())).size).toBe(names.length);
    });

    it('accept the first batches of a user at the same time', async () => {
      const batches = Array.from({ length: 8 }, (_, batch) =>
        makeObjects(10).map((object) => ({ ...object, index: batch * 10 + object.index })),
      );
      await Promise.all(batches.map((batch) => store.store(user, batch)));
      expect(await store.count(user, documentId, 1)).toBe(80);
    });
  });

  it('opens the collection in several processes that create it at once', async () => {
    await fetch(`${url}/v1/schema/${collection}`, { method: 'DELETE' });
    const stores = await Promise.all(Array.from({ length: 4 }, () => open()));
    await Promise.all(stores.map((each) => each.check()));
    const others = await Promise.allSettled(
      Array.from({ length: 2 }, () => open({ model: 'another' })),
    );
    expect(others.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await Promise.all(stores.map((each) => each.stop()));
  });

  it('rejects one of two processes that create the collection at once with different models', async () => {
    await fetch(`${url}/v1/schema/${collection}`, { method: 'DELETE' });
    const opened = await Promise.allSettled([open(), open({ model: 'another' })]);
    expect(opened.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(opened.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { name: 'SetupError' },
    });
  });

  it('replaces NUL bytes of a text without changing its offsets', async () => {
    await store.store(user, makeObjects(1, { text: 'a\0knot' }));
    expect(await store.search(makeQuery())).toMatchObject([{ text: 'a knot' }]);
  });

  it('returns at most what the server returns in one response', async () => {
    await store.store(user, makeObjects(3));
    expect(await store.search(makeQuery({ limit: 12_800 }))).toHaveLength(3);
  });
});

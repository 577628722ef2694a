/**
 * What the vector store on Weaviate does when Weaviate fails, late or in part: a proxy stands
 * between the two.
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
const WINDOW = 96;

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
  const question = (more: object = {}) => ({
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
    [collection, user, documentId] = [
      `Test${randomUUID().replaceAll('-', '')}`,
      `user-${randomUUID()}`,
      randomUUID(),
    ];
    proxy.use();
    store = await open();
  });
  afterEach(async () => {
    await store.stop();
    await fetch(`${url}/v1/schema/${collection}`, { method: 'DELETE' });
  });

  describe('objects that are refused', () => {
    /** Three are kept from the server, and reported as it reports them: within a 200. */
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

    it('three of 96 in an answer that says 200 fail the window, which says how many are confirmed', async () => {
      proxy.use(refuseThree);
      const stored = store.store(user, makeObjects(WINDOW));
      await expect(stored).rejects.toMatchObject({
        ...UNAVAILABLE,
        message: expect.stringContaining('93 of 96') as string,
      });
      expect(await store.count(user, documentId, 1)).toBe(WINDOW - 3);
    });

    it('are there once the window is stored again, and the others are there once', async () => {
      proxy.use(refuseThree);
      await store.store(user, makeObjects(WINDOW)).catch(() => undefined);
      proxy.use();
      await store.store(user, makeObjects(WINDOW));
      expect(await store.count(user, documentId, 1)).toBe(WINDOW);
    });

    it('fail the window too when the answer forgets them', async () => {
      proxy.use(async (exchange) => {
        const answer = await exchange.forward();
        return isBatch(exchange) ? { ...answer, body: (answer.body as object[]).slice(1) } : answer;
      });
      await expect(store.store(user, makeObjects(5))).rejects.toMatchObject(UNAVAILABLE);
    });

    it('by the real server, for vectors of another length, fail the window', async () => {
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
      ['searching', (hung: WeaviateVectorStore) => hung.search(question())],
      ['asking for its health', (hung: WeaviateVectorStore) => hung.check()],
    ])('ends %s when its time is over, and the request with it', async (_, ask) => {
      const hung = await open({ timeoutMs: 200 });
      const hangUps: Promise<void>[] = [];
      proxy.use(async ({ gone }) => void hangUps.push(gone));
      await expect(within<unknown>(ask(hung), 5_000, 'the call')).rejects.toMatchObject(
        UNAVAILABLE,
      );
      expect(hangUps).toHaveLength(1);
      await within(Promise.all(hangUps), 5_000, 'hanging up');
    });

    it('does not hold up stopping: what is under way fails at once', async () => {
      const asked = Promise.withResolvers<void>();
      proxy.use(async () => void asked.resolve());
      const counted = store.count(user, documentId, 1);
      const failed = expect(counted).rejects.toMatchObject(UNAVAILABLE);
      await asked.promise;
      await store.stop();
      await within(failed, 5_000, 'the call');
    });
  });

  describe('a server that is not itself', () => {
    it('absent, it is named as unavailable at open', async () => {
      await expect(open({ url: 'http://127.0.0.1:1' })).rejects.toMatchObject(UNAVAILABLE);
    });

    it('in the midst of an outage its health is bad, and good again afterwards', async () => {
      proxy.use(async () => ({ status: 503, body: undefined }));
      await expect(store.check()).rejects.toMatchObject(UNAVAILABLE);
      proxy.use();
      await expect(store.check()).resolves.toBeUndefined();
    });

    it('errors within a 200 of GraphQL are errors, not an empty answer', async () => {
      proxy.use(async () => ({
        status: 200,
        body: {
          data: { Get: { [collection]: null } },
          errors: [{ message: 'shard is read-only' }],
        },
      }));
      await expect(store.search(question())).rejects.toMatchObject(UNAVAILABLE);
      await expect(store.count(user, documentId, 1)).rejects.toMatchObject(UNAVAILABLE);
    });

    it('gets the key as a bearer token, and its refusal names the variable, never the key', async () => {
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

  describe('removing', () => {
    it('takes more objects than the server removes at once', async () => {
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

    it('gives up when objects match and none can be removed, rather than asking for ever', async () => {
      await store.store(user, makeObjects(2));
      const stuck = { results: { matches: 2, limit: 10_000, successful: 0, failed: 2 } };
      proxy.use(async (exchange) =>
        exchange.method === 'DELETE' ? { status: 200, body: stuck } : exchange.forward(),
      );
      await expect(store.remove(user, documentId)).rejects.toMatchObject(UNAVAILABLE);
    });

    it('a window that arrives after its document was removed is taken by the second run of the cleanup', async () => {
      const [arrived, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      proxy.use(async (exchange) => {
        if (isBatch(exchange)) {
          arrived.resolve();
          await released.promise;
        }
        return exchange.forward();
      });
      const late = store.store(user, makeObjects(WINDOW));
      await arrived.promise;
      const runCleanups = startCleanups(store);

      await runCleanups();
      released.resolve();
      await late;
      expect(await store.count(user, documentId, 1)).toBe(WINDOW);
      await runCleanups();
      expect(await store.count(user, documentId, 1)).toBe(0);
      expect(await store.search(question())).toEqual([]);
    });

    /** The cleanup of this document is due whenever it is asked for. */
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

  describe('users', () => {
    it.each(['a/../b', 'ä ö', 'x'.repeat(128), '', 'UPPER', 'null\u0000byte', '"quoted" {}'])(
      '%j has a tenant',
      async (name) => {
        await store.store(name, makeObjects(2));
        expect(await store.count(name, documentId, 1)).toBe(2);
      },
    );

    it('whose ids differ in anything have tenants of their own', () => {
      const names = ['a', 'A', 'a ', 'a/b', 'a_b', 'x'.repeat(128), 'x'.repeat(127)];
      expect(new Set(names.map((name) => toTenant(name).toLowerCase())).size).toBe(names.length);
    });

    it('can store their first windows all at once', async () => {
      const windows = Array.from({ length: 8 }, (_, window) =>
        makeObjects(10).map((object) => ({ ...object, index: window * 10 + object.index })),
      );
      await Promise.all(windows.map((window) => store.store(user, window)));
      expect(await store.count(user, documentId, 1)).toBe(80);
    });
  });

  it('two processes that make the collection at once both have it', async () => {
    await fetch(`${url}/v1/schema/${collection}`, { method: 'DELETE' });
    const stores = await Promise.all(Array.from({ length: 4 }, () => open()));
    await Promise.all(stores.map((each) => each.check()));
    const others = await Promise.allSettled(
      Array.from({ length: 2 }, () => open({ model: 'another' })),
    );
    expect(others.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await Promise.all(stores.map((each) => each.stop()));
  });

  it('of processes with two embedders that make the collection at once, those of one are refused', async () => {
    await fetch(`${url}/v1/schema/${collection}`, { method: 'DELETE' });
    const opened = await Promise.allSettled([open(), open({ model: 'another' })]);
    expect(opened.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(opened.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { name: 'SetupError' },
    });
  });

  it('NUL bytes in a text leave its offsets as they are', async () => {
    await store.store(user, makeObjects(1, { text: 'a\0knot' }));
    expect(await store.search(question())).toMatchObject([{ text: 'a knot' }]);
  });

  it('a question for more than the server gives at once is answered with what it gives', async () => {
    await store.store(user, makeObjects(3));
    expect(await store.search(question({ limit: 12_800 }))).toHaveLength(3);
  });
});

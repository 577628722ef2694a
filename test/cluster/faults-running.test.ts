/**
 * Servers that fail, hang or send invalid responses while the cluster works, seen through its API.
 */
import { randomUUID } from 'node:crypto';
import { ask, upload, waitForStatus } from '../support/client.js';
import { startCluster, type Cluster } from '../support/cluster.js';
import {
  cohereControl,
  type CohereControl,
  type OrderedResponse,
} from '../support/cohere-stand-in/start.js';
import { longText, newUser, search } from '../support/documents.js';
import { startFaultProxy, type Exchange, type FaultProxy } from '../support/fault-proxy.js';
import { serviceVariables } from '../support/services.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { eventually } from '../support/wait.js';
import { countObjects } from '../support/weaviate.js';

const LEASE_MS = 4_000;

let cluster: Cluster;
let cohere: CohereControl;
let weaviate: FaultProxy;
let redis: { proxy: TcpProxy; disconnect(): Promise<void>; reconnect(): Promise<void> };
const url = (api = 0) => cluster.apis[api]?.url ?? '';

beforeAll(async () => {
  const services = serviceVariables() ?? {};
  weaviate = await startFaultProxy(services['WEAVIATE_URL'] ?? '');
  redis = await throughProxy(services['REDIS_URL'] ?? '');
  const address = new URL(services['REDIS_URL'] ?? '');
  address.port = String(redis.proxy.port);
  const env = {
    LEASE_MS: String(LEASE_MS),
    RETRY_DELAYS: '200ms',
    REDIS_URL: address.href,
    WEAVIATE_URL: weaviate.url,
  };
  cluster = await startCluster({ apis: 2, workers: 1, relays: 1, env });
  cohere = cohereControl(cluster.env['COHERE_BASE_URL'] ?? '');
}, 120_000);
beforeEach(async () => {
  weaviate.use();
  await cohere.order({ reset: true });
});
afterAll(async () => {
  await cluster.close();
  await weaviate.close();
  await redis.proxy.close();
});

async function throughProxy(server: string): Promise<typeof redis> {
  const { hostname: host, port } = new URL(server);
  const state = { proxy: await startTcpProxy({ host, port: Number(port) }) };
  const proxyPort = state.proxy.port;
  return {
    get proxy() {
      return state.proxy;
    },
    disconnect: () => state.proxy.close(),
    reconnect: async () => {
      state.proxy = await startTcpProxy({ host, port: Number(port) }, proxyPort);
    },
  };
}

const send = (token: string, content = `text ${randomUUID()}`) =>
  upload(url(), token, { name: 'a.txt', content });

async function historyOf(id: string): Promise<string[]> {
  const rows = await cluster.query<{ status: string; code: string | null }>(
    `select upper(status) as status, error_code as code from document_events where document_id = $1 order by seq`,
    [id],
  );
  return rows.map(({ status, code }) =>
    status === 'PENDING' && code !== null ? `PENDING after ${code}` : status,
  );
}

/** Uploads a document, waits until it ends, and returns its history. */
async function processOne(
  content?: string,
): Promise<{ id: string; token: string; history: string[] }> {
  const token = newUser();
  const { document } = await send(token, content);
  await waitForStatus(url(1), token, document.id, 'COMPLETED', 'FAILED');
  return { id: document.id, token, history: await historyOf(document.id) };
}

const isBatch = ({ method, path }: Exchange) => method === 'POST' && path === '/v1/batch/objects';

/** Injects a fault into the first batch of objects only. */
function injectOnce(
  fault: (exchange: Exchange) => ReturnType<Exchange['forward']> | Promise<undefined>,
) {
  let done = false;
  return (exchange: Exchange) => {
    if (done || !isBatch(exchange)) return exchange.forward();
    done = true;
    return fault(exchange);
  };
}

/** The history of a document whose first attempt fails. */
const RETRIED = [
  'PENDING',
  'EXTRACTING',
  'VECTORIZING',
  'PENDING after VECTOR_STORE_UNAVAILABLE',
  'EXTRACTING',
  'VECTORIZING',
  'COMPLETED',
];

describe('Weaviate', () => {
  it('rejects three objects in a response of 200: a retry stores each passage once', async () => {
    weaviate.use(
      injectOnce(async (exchange) => {
        const { objects } = exchange.body as { objects: { id: string }[] };
        const { status, body } = await exchange.forward({ objects: objects.slice(3) });
        const refused = objects.slice(0, 3).map((object) => ({
          ...object,
          result: { status: 'FAILED', errors: { error: [{ message: 'full' }] } },
        }));
        return { status, body: [...refused, ...(body as object[])] };
      }),
    );
    const { id, token, history } = await processOne(longText(30));
    expect(history).toEqual(RETRIED);
    const [row] = await cluster.query<{ chunk_count: number }>(
      'select chunk_count from documents where id = $1',
      [id],
    );
    expect(await countObjects(token.replace('dev:', ''))).toBe(row?.chunk_count);
  });

  it('hangs: the call times out within half a lease, and the same worker retries', async () => {
    weaviate.use(
      injectOnce(async (exchange) => {
        await exchange.gone;
        return undefined;
      }),
    );
    const { history } = await processOne();
    expect(history).toEqual(RETRIED);
  });

  it('is unavailable: a search fails with DEPENDENCY_UNAVAILABLE and later succeeds', async () => {
    const { token, id } = await processOne('Bees live in a hive.');
    weaviate.use(() => Promise.resolve({ status: 503, body: {} }));
    const { errors } = await ask(url(), token, '{ search(query: "bees", first: 1) { text } }');
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['DEPENDENCY_UNAVAILABLE']);
    expect((await fetch(`${url()}/readyz`)).status).toBe(503);
    weaviate.use();
    expect(
      (await search(url(), token, { query: 'bees', first: 1 })).map(({ document }) => document.id),
    ).toEqual([id]);
  });
});

describe('Cohere', () => {
  it.each<[string, OrderedResponse]>([
    ['too few vectors', { tooFew: 1 }],
    ['vectors of other dimensions', { dimensions: 7 }],
    ['a vector with a value that is not a number', { nan: true }],
  ])(
    'responds with %s: the worker stores nothing and retries the document',
    async (_, response) => {
      await cohere.order({ responses: [response] });
      const { history } = await processOne();
      expect(history).toEqual(RETRIED.map((step) => step.replace('VECTOR_STORE', 'EMBEDDER')));
    },
  );

  it.each<[string, OrderedResponse]>([
    ['429 with Retry-After', { status: 429, headers: { 'retry-after': '1' } }],
    ['429 without Retry-After', { status: 429 }],
    ['500', { status: 500 }],
    ['no response', { hang: true }],
  ])('repeats the call, not the document, after %s', async (_, response) => {
    await cohere.order({ responses: [response] });
    const { history } = await processOne();
    expect(history).toEqual(['PENDING', 'EXTRACTING', 'VECTORIZING', 'COMPLETED']);
  });

  it('rejects the key: the document is FAILED, and the error names COHERE_API_KEY', async () => {
    await cohere.order({ responses: [{ status: 401 }] });
    const { id, history } = await processOne();
    expect(history.at(-1)).toBe('FAILED');
    const [row] = await cluster.query(
      'select error_code, error_message from documents where id = $1',
      [id],
    );
    expect(row).toEqual({
      error_code: 'EMBEDDER_REFUSED',
      error_message: expect.stringContaining('COHERE_API_KEY') as string,
    });
  });
});

describe('Redis', () => {
  it('is unavailable: documents complete, and watchers get the missed end later', async () => {
    const token = newUser();
    await cohere.order({ latencyMs: 1_000 });
    const { document } = await send(token);
    const seen = waitForStatus(url(1), token, document.id, 'COMPLETED');
    await eventually(async () => (await cohere.counts()).open === 1, {
      what: 'an open call to Cohere',
    });
    await redis.disconnect();
    await eventually(async () => (await historyOf(document.id)).at(-1) === 'COMPLETED', {
      what: 'the end of the document',
    });
    await eventually(async () => (await fetch(`${url(1)}/readyz`)).status === 503, {
      what: '503 from /readyz',
    });
    await redis.reconnect();
    expect((await seen).at(-1)?.status).toBe('COMPLETED');
    await eventually(async () => (await fetch(`${url(1)}/readyz`)).status === 200, {
      timeoutMs: 20_000,
      what: '200 from /readyz',
    });
  }, 60_000);
});

/**
 * Servers that go away, hang or answer wrongly while the cluster works, seen through the public
 * door.
 */
import { randomUUID } from 'node:crypto';
import { ask, upload, waitForStatus } from '../support/client.js';
import { startCluster, type Cluster } from '../support/cluster.js';
import {
  cohereControl,
  type CohereControl,
  type OrderedAnswer,
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
let redis: { proxy: TcpProxy; cut(): Promise<void>; mend(): Promise<void> };
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
  const own = state.proxy.port;
  return {
    get proxy() {
      return state.proxy;
    },
    cut: () => state.proxy.close(),
    mend: async () => {
      state.proxy = await startTcpProxy({ host, port: Number(port) }, own);
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

/** Uploads, and answers how it got to its end. */
async function wayOf(content?: string): Promise<{ id: string; token: string; way: string[] }> {
  const token = newUser();
  const { document } = await send(token, content);
  await waitForStatus(url(1), token, document.id, 'COMPLETED', 'FAILED');
  return { id: document.id, token, way: await historyOf(document.id) };
}

const isBatch = ({ method, path }: Exchange) => method === 'POST' && path === '/v1/batch/objects';

/** The fault for the first batch of objects only. */
function once(fault: (exchange: Exchange) => ReturnType<Exchange['forward']> | Promise<undefined>) {
  let done = false;
  return (exchange: Exchange) => {
    if (done || !isBatch(exchange)) return exchange.forward();
    done = true;
    return fault(exchange);
  };
}

const AGAIN = [
  'PENDING',
  'EXTRACTING',
  'VECTORIZING',
  'PENDING after VECTOR_STORE_UNAVAILABLE',
  'EXTRACTING',
  'VECTORIZING',
  'COMPLETED',
];

describe('Weaviate', () => {
  it('says 200 and refuses three objects: the try ends, the next one completes, and every passage is there once', async () => {
    weaviate.use(
      once(async (exchange) => {
        const { objects } = exchange.body as { objects: { id: string }[] };
        const { status, body } = await exchange.forward({ objects: objects.slice(3) });
        const refused = objects.slice(0, 3).map((object) => ({
          ...object,
          result: { status: 'FAILED', errors: { error: [{ message: 'full' }] } },
        }));
        return { status, body: [...refused, ...(body as object[])] };
      }),
    );
    const { id, token, way } = await wayOf(longText(30));
    expect(way).toEqual(AGAIN);
    const [row] = await cluster.query<{ chunk_count: number }>(
      'select chunk_count from documents where id = $1',
      [id],
    );
    expect(await countObjects(token.replace('dev:', ''))).toBe(row?.chunk_count);
  });

  it('hangs: the call is given up within half a lease, and the next try completes under the same worker', async () => {
    weaviate.use(
      once(async (exchange) => {
        await exchange.gone;
        return undefined;
      }),
    );
    const { way } = await wayOf();
    expect(way).toEqual(AGAIN);
  });

  it('is away for a search: DEPENDENCY_UNAVAILABLE, and afterwards it is found', async () => {
    const { token, id } = await wayOf('Bees live in a hive.');
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
  it.each<[string, OrderedAnswer]>([
    ['too few vectors', { tooFew: 1 }],
    ['vectors of other dimensions', { dimensions: 7 }],
    ['a vector that is not of numbers', { nan: true }],
  ])('answers %s: nothing of it is stored, and the next try completes', async (_, answer) => {
    await cohere.order({ answers: [answer] });
    const { way } = await wayOf();
    expect(way).toEqual(AGAIN.map((step) => step.replace('VECTOR_STORE', 'EMBEDDER')));
  });

  it.each<[string, OrderedAnswer]>([
    ['429 with Retry-After', { status: 429, headers: { 'retry-after': '1' } }],
    ['429 without', { status: 429 }],
    ['500', { status: 500 }],
    ['nothing', { hang: true }],
  ])('answers %s: the call is repeated, not the document', async (_, answer) => {
    await cohere.order({ answers: [answer] });
    const { way } = await wayOf();
    expect(way).toEqual(['PENDING', 'EXTRACTING', 'VECTORIZING', 'COMPLETED']);
  });

  it('answers 401 while it works: FAILED, and the error names the key to mend', async () => {
    await cohere.order({ answers: [{ status: 401 }] });
    const { id, way } = await wayOf();
    expect(way.at(-1)).toBe('FAILED');
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
  it('goes away: work goes on, /readyz says so, and when it is back a watcher has the end that it missed', async () => {
    const token = newUser();
    await cohere.order({ latencyMs: 1_000 });
    const { document } = await send(token);
    const seen = waitForStatus(url(1), token, document.id, 'COMPLETED');
    await eventually(async () => (await cohere.counts()).open === 1, { what: 'a call under way' });
    await redis.cut();
    await eventually(async () => (await historyOf(document.id)).at(-1) === 'COMPLETED', {
      what: 'the work to go on',
    });
    await eventually(async () => (await fetch(`${url(1)}/readyz`)).status === 503, {
      what: '/readyz to say so',
    });
    await redis.mend();
    expect((await seen).at(-1)?.status).toBe('COMPLETED');
    await eventually(async () => (await fetch(`${url(1)}/readyz`)).status === 200, {
      timeoutMs: 20_000,
      what: '/readyz to be well again',
    });
  }, 60_000);
});

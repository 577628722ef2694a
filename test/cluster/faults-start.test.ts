/** What a process does when a server that it needs is absent at its start, or refuses it. */
import { ask } from '../support/client.js';
import { startCluster, type Cluster } from '../support/cluster.js';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.js';
import { freePort, runProduct, type Product } from '../support/product.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { eventually } from '../support/wait.js';

type Part = 'postgres' | 'redis' | 'cohere' | 'weaviate' | 'kafka';

const VARIABLES: Record<Part, string> = {
  postgres: 'DATABASE_URL',
  redis: 'REDIS_URL',
  cohere: 'COHERE_BASE_URL',
  weaviate: 'WEAVIATE_URL',
  kafka: 'KAFKA_BROKERS',
};

let cluster: Cluster;
const proxies: TcpProxy[] = [];
beforeAll(async () => {
  cluster = await startCluster({ apis: 0, workers: 0, relays: 0 });
});
afterEach(() => Promise.all(proxies.splice(0).map((proxy) => proxy.close())));
afterAll(() => cluster.close());

/** Where the part would be, were it there: `arrive` opens the way to it. */
async function absent(
  part: Part,
): Promise<{ env: Record<string, string>; arrive(): Promise<void> }> {
  const variable = VARIABLES[part];
  const address = new URL(
    part === 'kafka' ? `kafka://${cluster.env[variable] ?? ''}` : (cluster.env[variable] ?? ''),
  );
  const port = await freePort();
  const target = { host: address.hostname, port: Number(address.port) };
  address.port = String(port);
  return {
    env: { [variable]: part === 'kafka' ? address.host : address.href.replace(/\/$/, '') },
    arrive: async () => void proxies.push(await startTcpProxy(target, port)),
  };
}

async function readiness({ url }: Product): Promise<{ status: number; body: string }> {
  const response = await fetch(`${url}/readyz`);
  return { status: response.status, body: await response.text() };
}

describe('a server is absent at start', () => {
  it.each<['api' | 'worker' | 'relay', Part[]]>([
    ['api', ['postgres', 'redis', 'cohere', 'weaviate']],
    ['worker', ['postgres', 'redis', 'cohere', 'weaviate', 'kafka']],
    ['relay', ['postgres', 'kafka']],
  ])(
    '%s waits for one after the other, says for which, is alive meanwhile, and goes on',
    async (role, parts) => {
      const ways = await Promise.all(parts.map(absent));
      const env = Object.assign({}, ...ways.map((way) => way.env)) as Record<string, string>;
      const product = await cluster.start(role, env, 'alive');
      for (const [position, part] of parts.entries()) {
        await eventually(() => product.logs().includes(`"dependency":"${part}"`), {
          what: `${role} to say that it waits for ${part}`,
        });
        const { status, body } = await readiness(product);
        expect([status, JSON.parse(body)]).toEqual([503, expect.objectContaining({})]);
        expect(body).toContain(part);
        expect((await fetch(`${product.url}/healthz`)).status).toBe(200);
        await ways[position]?.arrive();
      }
      await eventually(async () => (await readiness(product)).status === 200, {
        timeoutMs: 30_000,
        what: `${role} to be ready`,
      });
      expect(product.logs()).not.toContain(new URL(cluster.env['DATABASE_URL'] ?? '').password);
      await product.stop();
    },
  );

  it('requests are told to come again, and SIGTERM ends the wait with 0', async () => {
    const { env } = await absent('postgres');
    const product = await cluster.start('api', env, 'alive');
    const { errors } = await ask(product.url, 'dev:ada', '{ limits { maxUploadBytes } }').catch(
      () => ({ errors: [] }),
    );
    const response = await fetch(`${product.url}/api/documents/x/status`, {
      headers: { authorization: 'Bearer dev:ada' },
    });
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await response.text()).toContain('DEPENDENCY_UNAVAILABLE');
    expect(errors.every(({ extensions }) => extensions.code === 'DEPENDENCY_UNAVAILABLE')).toBe(
      true,
    );
    await product.stop();
  });
});

describe('a server refuses the process', () => {
  const withPassword = (variable: string) => {
    const address = new URL(cluster.env[variable] ?? '');
    address.password = 'wrong-password';
    return address.href;
  };
  const withDatabase = () => {
    const address = new URL(cluster.env['DATABASE_URL'] ?? '');
    address.pathname = '/no_such_database';
    return address.href;
  };

  it.each<[string, () => Record<string, string>, RegExp]>([
    [
      'PostgreSQL, the password',
      () => ({ DATABASE_URL: withPassword('DATABASE_URL') }),
      /^PostgreSQL rejected .* check DATABASE_URL\.$/,
    ],
    [
      'PostgreSQL, the database',
      () => ({ DATABASE_URL: withDatabase() }),
      /^The database does not exist; .* correct DATABASE_URL\.$/,
    ],
    [
      'Redis, the password',
      () => ({ REDIS_URL: withPassword('REDIS_URL') }),
      /^Redis at .* rejected the user name or the password; correct REDIS_URL\.$/,
    ],
    [
      'Cohere, the key',
      () => ({ COHERE_API_KEY: 'wrong-password' }),
      /^Cohere rejected the key; correct COHERE_API_KEY\.$/,
    ],
  ])(
    '%s: one line that says what to mend, without the secret, and exit 1',
    async (_, change, line) => {
      const { code, output } = await runProduct(
        { ...cluster.env, PORT: '0', ...change() },
        undefined,
        'worker',
      );
      expect(code).toBe(1);
      expect(output.trim().split('\n').at(-1)).toMatch(line);
      expect(output).not.toContain('wrong-password');
    },
  );

  describe('Weaviate', () => {
    let proxy: FaultProxy;
    beforeAll(async () => {
      proxy = await startFaultProxy(cluster.env['WEAVIATE_URL'] ?? '');
    });
    afterAll(() => proxy.close());

    it('the key: the same', async () => {
      proxy.use(() => Promise.resolve({ status: 401, body: { error: 'no' } }));
      const env = {
        ...cluster.env,
        PORT: '0',
        WEAVIATE_URL: proxy.url,
        WEAVIATE_API_KEY: 'wrong-password',
      };
      const { code, output } = await runProduct(env, undefined, 'worker');
      expect([code, output.trim().split('\n').at(-1)]).toEqual([
        1,
        'Weaviate rejected the key; correct WEAVIATE_API_KEY.',
      ]);
      expect(output).not.toContain('wrong-password');
    });
  });

  it('a worker without Kafka has nothing to do: one line and exit 1', async () => {
    const { code, output } = await runProduct({ PORT: '0' }, undefined, 'worker');
    expect([code, output.trim()]).toEqual([
      1,
      expect.stringMatching(/^KAFKA_BROKERS is not set\. .*$/),
    ]);
  });
});

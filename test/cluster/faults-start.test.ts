/** Processes whose servers are absent at the start or reject the process. */
import { ask } from '../support/client.js';
import { startCluster, type Cluster } from '../support/cluster.js';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.js';
import { freePort, runProduct, type Product } from '../support/product.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { eventually } from '../support/wait.js';

type Dependency = 'postgres' | 'redis' | 'cohere' | 'weaviate' | 'kafka';

const VARIABLES: Record<Dependency, string> = {
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

/** Returns an address at which a dependency is absent until `connect` opens a proxy to it. */
async function makeAbsent(
  dependency: Dependency,
): Promise<{ env: Record<string, string>; connect(): Promise<void> }> {
  const variable = VARIABLES[dependency];
  const address = new URL(
    dependency === 'kafka'
      ? `kafka://${cluster.env[variable] ?? ''}`
      : (cluster.env[variable] ?? ''),
  );
  const port = await freePort();
  const target = { host: address.hostname, port: Number(address.port) };
  address.port = String(port);
  return {
    env: { [variable]: dependency === 'kafka' ? address.host : address.href.replace(/\/$/, '') },
    connect: async () => {
      proxies.push(await startTcpProxy(target, port));
    },
  };
}

async function readReadiness({ url }: Product): Promise<{ status: number; body: string }> {
  const response = await fetch(`${url}/readyz`);
  return { status: response.status, body: await response.text() };
}

describe('a start without servers', () => {
  it.each<['api' | 'worker' | 'relay', Dependency[]]>([
    ['api', ['postgres', 'redis', 'cohere', 'weaviate']],
    ['worker', ['postgres', 'redis', 'cohere', 'weaviate', 'kafka']],
    ['relay', ['postgres', 'kafka']],
  ])(
    'keeps the %s alive but not ready, and logs what it waits for, until all servers respond',
    async (role, parts) => {
      const absences = await Promise.all(parts.map(makeAbsent));
      const env = Object.assign({}, ...absences.map((absence) => absence.env)) as Record<
        string,
        string
      >;
      const product = await cluster.start(role, env, 'alive');
      for (const [position, part] of parts.entries()) {
        await eventually(() => product.logs().includes(`"dependency":"${part}"`), {
          what: `${role} to say that it waits for ${part}`,
        });
        const { status, body } = await readReadiness(product);
        expect([status, JSON.parse(body)]).toEqual([503, expect.objectContaining({})]);
        expect(body).toContain(part);
        expect((await fetch(`${product.url}/healthz`)).status).toBe(200);
        await absences[position]?.connect();
      }
      await eventually(async () => (await readReadiness(product)).status === 200, {
        timeoutMs: 30_000,
        what: `the readiness of the ${role}`,
      });
      expect(product.logs()).not.toContain(new URL(cluster.env['DATABASE_URL'] ?? '').password);
      await product.stop();
    },
  );

  it('rejects requests with Retry-After, and exits with 0 on SIGTERM', async () => {
    const { env } = await makeAbsent('postgres');
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

describe('a server that rejects the process', () => {
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
      'the wrong password of PostgreSQL',
      () => ({ DATABASE_URL: withPassword('DATABASE_URL') }),
      /^PostgreSQL rejected .* check DATABASE_URL\.$/,
    ],
    [
      'the missing database of PostgreSQL',
      () => ({ DATABASE_URL: withDatabase() }),
      /^The database does not exist; .* correct DATABASE_URL\.$/,
    ],
    [
      'the wrong password of Redis',
      () => ({ REDIS_URL: withPassword('REDIS_URL') }),
      /^Redis at .* rejected the user name or the password; correct REDIS_URL\.$/,
    ],
    [
      'the wrong key of Cohere',
      () => ({ COHERE_API_KEY: 'wrong-password' }),
      /^Cohere rejected the key; correct COHERE_API_KEY\.$/,
    ],
  ])('reports %s in one line without the secret, and exits with 1', async (_, change, line) => {
    const { code, output } = await runProduct(
      { ...cluster.env, PORT: '0', ...change() },
      undefined,
      'worker',
    );
    expect(code).toBe(1);
    expect(output.trim().split('\n').at(-1)).toMatch(line);
    expect(output).not.toContain('wrong-password');
  });

  describe('Weaviate', () => {
    let proxy: FaultProxy;
    beforeAll(async () => {
      proxy = await startFaultProxy(cluster.env['WEAVIATE_URL'] ?? '');
    });
    afterAll(() => proxy.close());

    it('reports the wrong key in one line without the secret, and exits with 1', async () => {
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

  it('ends a worker without KAFKA_BROKERS with one line and exit code 1', async () => {
    const { code, output } = await runProduct({ PORT: '0' }, undefined, 'worker');
    expect([code, output.trim()]).toEqual([
      1,
      expect.stringMatching(/^KAFKA_BROKERS is not set\. .*$/),
    ]);
  });
});

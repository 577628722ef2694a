import express from 'express';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createErrorHandler } from '../../src/api/http/errors.js';
import { createHealthRouter } from '../../src/api/http/health.js';
import { createMetricsRouter } from '../../src/api/http/metrics.js';
import { createMetrics } from '../../src/metrics/metrics.js';
import { createLogger } from '../../src/runtime/pino-logger.js';
import { parseExposition } from '../support/prometheus.js';

/** Headers that proxies, load balancers and content delivery networks add. */
const PROXY_HEADERS = `
  Forwarded Forwarded-For Via CDN-Loop Proxy-Connection Front-End-Https X-Real-IP X-Real-Port X-Client-IP Client-IP X-ClientIP
  X-Forwarded X-Forwarded-For X-Forwarded-Host X-Forwarded-Proto X-Forwarded-Port X-Forwarded-Server X-Forwarded-Ssl X-Forwarded-Prefix
  X-Forwarded-Client-Cert X-Original-Forwarded-For X-Original-Host X-Original-URI X-Original-URL X-Original-Proto X-Scheme
  CF-Connecting-IP CF-Connecting-IPv6 CF-Ray CF-IPCountry True-Client-IP Fastly-Client-IP Fastly-FF X-Cluster-Client-IP
  Fly-Client-IP X-Envoy-External-Address X-Envoy-Expected-Rq-Timeout-Ms X-Amzn-Trace-Id X-Amz-Cf-Id X-Azure-ClientIP X-Azure-Ref
  X-ARR-SSL X-ARR-LOG-ID X-AppEngine-User-IP X-AppEngine-Country X-Cloud-Trace-Context X-ProxyUser-Ip X-Proxy-Id WL-Proxy-Client-IP
  Proxy-Client-IP X-NF-Client-Connection-IP Ali-CDN-Real-IP CDN-Src-IP X-Varnish X-Remote-IP X-Remote-Addr Incap-Client-IP
  DO-Connecting-IP X-Akamai-Edgescape X-Vercel-Forwarded-For Surrogate-Capability`
  .trim()
  .split(/\s+/);

const TOKEN = 'a-token-of-operations';
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Serves the endpoints of operators to a client whose address is `address`. */
async function serve({
  address,
  operationsToken,
}: {
  address?: string;
  operationsToken: string | null;
}): Promise<string> {
  const application = express();
  application.use((request, _response, next) => {
    if (address !== undefined)
      Object.defineProperty(request.socket, 'remoteAddress', { value: address });
    next();
  });
  const checks = () => [{ name: 'postgres', check: async () => undefined }];
  application.use(createHealthRouter({ checks, operationsToken }));
  application.use(
    createMetricsRouter({ render: createMetrics({ role: 'test' }).render, operationsToken }),
  );
  application.use(createErrorHandler(createLogger({ level: 'silent', forTerminal: false })));
  const server = createServer(application).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function readBoth(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ metrics: number; parts: boolean }> {
  const metrics = await get(`${url}/metrics`, headers);
  const ready = JSON.parse((await get(`${url}/readyz`, headers)).body) as object;
  return { metrics: metrics.status, parts: 'parts' in ready };
}

/** Sends any Host, Via and Connection header, unlike fetch. */
async function get(
  url: string,
  headers: Record<string, string>,
): Promise<{ status: number; body: string }> {
  const [response] = (await once(request(url, { headers }).end(), 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: await text(response) };
}

const ALLOWED = { metrics: 200, parts: true };
const REFUSED = { metrics: 401, parts: false };

describe('metrics and the names of dependencies', () => {
  it.each(['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1'])(
    'are sent to this machine, with the address %s',
    async (address) => {
      expect(await readBoth(await serve({ address, operationsToken: null }))).toEqual(ALLOWED);
    },
  );

  it.each(['10.0.0.7', '::ffff:10.0.0.7', 'fe80::1', '1.127.0.0', '2001:db8::127.0.0.1', ''])(
    'require the token from another address, such as %s',
    async (address) => {
      const url = await serve({ address, operationsToken: TOKEN });
      expect(await readBoth(url)).toEqual(REFUSED);
      expect(await readBoth(url, { authorization: `Bearer ${TOKEN}` })).toEqual(ALLOWED);
    },
  );

  it.each([
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    TOKEN,
    `Basic ${TOKEN}`,
    'Bearer ',
    'Bearer null',
    'Bearer dev:alice',
  ])('are not sent for a wrong token: %s', async (authorization) => {
    expect(
      await readBoth(await serve({ address: '10.0.0.7', operationsToken: TOKEN }), {
        authorization,
      }),
    ).toEqual(REFUSED);
  });

  it('are sent to no other machine if no token is configured', async () => {
    const url = await serve({ address: '10.0.0.7', operationsToken: null });
    for (const authorization of ['Bearer null', 'Bearer ', 'Bearer undefined'])
      expect(await readBoth(url, { authorization })).toEqual(REFUSED);
  });

  it.each(['X-Forwarded-For', 'Forwarded', 'X-Real-IP'])(
    'are not sent because of the header %s, which any client can send',
    async (header) => {
      expect(
        await readBoth(await serve({ address: '10.0.0.7', operationsToken: TOKEN }), {
          [header]: '127.0.0.1',
        }),
      ).toEqual(REFUSED);
    },
  );

  it.each(PROXY_HEADERS)(
    'require the token through a local proxy that sends %s',
    async (header) => {
      const url = await serve({ operationsToken: TOKEN });
      expect(await readBoth(url, { [header]: '203.0.113.9' })).toEqual(REFUSED);
      expect(
        await readBoth(url, { [header]: '203.0.113.9', authorization: `Bearer ${TOKEN}` }),
      ).toEqual(ALLOWED);
    },
  );

  it.each(['docs.example', 'docs.example:4000', '127.0.0.1.evil.example', '10.0.0.7', 'x'])(
    'require the token through a local proxy that sends only the Host %s',
    async (host) => {
      const url = await serve({ operationsToken: TOKEN });
      expect(await readBoth(url, { host })).toEqual(REFUSED);
      expect(await readBoth(url, { host, authorization: `Bearer ${TOKEN}` })).toEqual(ALLOWED);
    },
  );

  it.each(['localhost:4000', '127.0.0.1', '[::1]:4000', 'LocalHost'])(
    'are sent to this machine with the Host %s',
    async (host) => {
      expect(await readBoth(await serve({ operationsToken: null }), { host })).toEqual(ALLOWED);
    },
  );

  it.each([
    'X-Prometheus-Scrape-Timeout-Seconds',
    'Traceparent',
    'X-Request-Id',
    'Accept-Encoding',
    'Sec-Fetch-Mode',
    'Cookie',
  ])('are sent to a local client that sends %s', async (header) => {
    expect(await readBoth(await serve({ operationsToken: null }), { [header]: '1' })).toEqual(
      ALLOWED,
    );
  });

  it('are refused with a challenge and without the token', async () => {
    const response = await fetch(
      `${await serve({ address: '10.0.0.7', operationsToken: TOKEN })}/metrics`,
    );
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    const body = await response.text();
    expect(JSON.parse(body)).toMatchObject({ error: { code: 'UNAUTHENTICATED' } });
    expect(body).not.toContain(TOKEN);
  });

  it('have the text format of Prometheus and are not cached', async () => {
    const response = await fetch(`${await serve({ operationsToken: null })}/metrics`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(parseExposition(await response.text()).has('nodejs_version_info')).toBe(true);
  });
});

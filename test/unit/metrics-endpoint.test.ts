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

/** What proxies, load balancers and content delivery networks are known to add. */
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

/** The doors of operators as they are served, to somebody who comes from `address`. */
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

async function ask(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ metrics: number; parts: boolean }> {
  const metrics = await get(`${url}/metrics`, headers);
  const ready = JSON.parse((await get(`${url}/readyz`, headers)).body) as object;
  return { metrics: metrics.status, parts: 'parts' in ready };
}

/** Unlike fetch, this sends whatever Host, Via and Connection it is given. */
async function get(
  url: string,
  headers: Record<string, string>,
): Promise<{ status: number; body: string }> {
  const [response] = (await once(request(url, { headers }).end(), 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: await text(response) };
}

const TOLD = { metrics: 200, parts: true };
const REFUSED = { metrics: 401, parts: false };

describe('metrics and the names of parts', () => {
  it.each(['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1'])(
    'are told to this machine, which comes from %s',
    async (address) => {
      expect(await ask(await serve({ address, operationsToken: null }))).toEqual(TOLD);
    },
  );

  it.each(['10.0.0.7', '::ffff:10.0.0.7', 'fe80::1', '1.127.0.0', '2001:db8::127.0.0.1', ''])(
    'need the token from anywhere else, such as %s',
    async (address) => {
      const url = await serve({ address, operationsToken: TOKEN });
      expect(await ask(url)).toEqual(REFUSED);
      expect(await ask(url, { authorization: `Bearer ${TOKEN}` })).toEqual(TOLD);
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
  ])('are not told for the wrong token: %s', async (authorization) => {
    expect(
      await ask(await serve({ address: '10.0.0.7', operationsToken: TOKEN }), { authorization }),
    ).toEqual(REFUSED);
  });

  it('are told to nobody else where there is no token', async () => {
    const url = await serve({ address: '10.0.0.7', operationsToken: null });
    for (const authorization of ['Bearer null', 'Bearer ', 'Bearer undefined'])
      expect(await ask(url, { authorization })).toEqual(REFUSED);
  });

  it.each(['X-Forwarded-For', 'Forwarded', 'X-Real-IP'])(
    'are not given by the header %s, which anybody may send',
    async (header) => {
      expect(
        await ask(await serve({ address: '10.0.0.7', operationsToken: TOKEN }), {
          [header]: '127.0.0.1',
        }),
      ).toEqual(REFUSED);
    },
  );

  it.each(PROXY_HEADERS)(
    'need the token through a proxy on this machine, which sends %s',
    async (header) => {
      const url = await serve({ operationsToken: TOKEN });
      expect(await ask(url, { [header]: '203.0.113.9' })).toEqual(REFUSED);
      expect(await ask(url, { [header]: '203.0.113.9', authorization: `Bearer ${TOKEN}` })).toEqual(
        TOLD,
      );
    },
  );

  it.each(['docs.example', 'docs.example:4000', '127.0.0.1.evil.example', '10.0.0.7', 'x'])(
    'need the token through a proxy on this machine that sends no header but the Host %s',
    async (host) => {
      const url = await serve({ operationsToken: TOKEN });
      expect(await ask(url, { host })).toEqual(REFUSED);
      expect(await ask(url, { host, authorization: `Bearer ${TOKEN}` })).toEqual(TOLD);
    },
  );

  it.each(['localhost:4000', '127.0.0.1', '[::1]:4000', 'LocalHost'])(
    'are told to this machine under the Host %s',
    async (host) => {
      expect(await ask(await serve({ operationsToken: null }), { host })).toEqual(TOLD);
    },
  );

  it.each([
    'X-Prometheus-Scrape-Timeout-Seconds',
    'Traceparent',
    'X-Request-Id',
    'Accept-Encoding',
    'Sec-Fetch-Mode',
    'Cookie',
  ])('are told to a local reader that sends %s', async (header) => {
    expect(await ask(await serve({ operationsToken: null }), { [header]: '1' })).toEqual(TOLD);
  });

  it('are said how to be asked for when they are refused, and nothing else', async () => {
    const response = await fetch(
      `${await serve({ address: '10.0.0.7', operationsToken: TOKEN })}/metrics`,
    );
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    const body = await response.text();
    expect(JSON.parse(body)).toMatchObject({ error: { code: 'UNAUTHENTICATED' } });
    expect(body).not.toContain(TOKEN);
  });

  it('come in Prometheus’ text format and are kept by nobody', async () => {
    const response = await fetch(`${await serve({ operationsToken: null })}/metrics`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(parseExposition(await response.text()).has('nodejs_version_info')).toBe(true);
  });
});

/** The security headers of the page, by the way users sign in. */
import express from 'express';
import { once } from 'node:events';
import { request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createPageRouter, type PageConfig } from '../../src/api/http/page.js';
import { securityHeaders } from '../../src/api/http/security-headers.js';

const FIREBASE = {
  kind: 'firebase',
  projectId: 'shop',
  apiKey: 'public-key',
  authDomain: 'shop.firebaseapp.com',
  emulatorHost: null,
} as const;
const OWN_SOCKETS = 'ws://docs.example:8443 wss://docs.example:8443';
let server: Server | undefined;

afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

/** Sends any Host header, unlike fetch. */
async function getConfig(port: number, host: string): Promise<{ headers: Headers }> {
  const message = request({
    host: '127.0.0.1',
    port,
    path: '/config.json',
    headers: { host },
  }).end();
  const [response] = (await once(message, 'response')) as [IncomingMessage];
  response.resume();
  return { headers: new Headers(response.headers as Record<string, string>) };
}

async function headersFor(identity: PageConfig['identity'], host = 'docs.example:8443') {
  const application = express();
  application.use(securityHeaders());
  application.use(
    createPageRouter({
      folder: '/nowhere',
      config: { identity, limits: { maxUploadBytes: 1, mimeTypes: [] } },
    }),
  );
  server = application.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { headers } = await getConfig((server.address() as AddressInfo).port, host);
  const directives = (headers.get('content-security-policy') ?? '')
    .split(';')
    .map((directive) => directive.split(' '));
  return {
    headers,
    policy: Object.fromEntries(
      directives.map(([name = '', ...sources]) => [name, sources.join(' ')]),
    ),
  };
}

describe('the headers of the page', () => {
  it('allow no other server for dev names', async () => {
    const { headers, policy } = await headersFor({ kind: 'dev' });
    expect(policy).toMatchObject({
      'default-src': "'self'",
      'connect-src': `'self' ${OWN_SOCKETS}`,
    });
    expect(policy).not.toHaveProperty('script-src');
    expect(policy).not.toHaveProperty('frame-src');
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  });

  it('allow exactly the sources of the Firebase library', async () => {
    const { headers, policy } = await headersFor(FIREBASE);
    expect(policy).toMatchObject({
      'default-src': "'self'",
      'connect-src': `'self' ${OWN_SOCKETS} https://identitytoolkit.googleapis.com https://securetoken.googleapis.com`,
      'script-src': "'self' https://apis.google.com",
      'frame-src': 'https://shop.firebaseapp.com',
      'frame-ancestors': "'none'",
    });
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin-allow-popups');
    expect(headers.get('referrer-policy')).toBe('strict-origin-when-cross-origin');
  });

  it('allow the emulator and no service of Google', async () => {
    const { policy } = await headersFor({ ...FIREBASE, emulatorHost: '127.0.0.1:9099' });
    expect(policy).toMatchObject({ 'connect-src': `'self' ${OWN_SOCKETS} http://127.0.0.1:9099` });
    expect(JSON.stringify(policy)).not.toContain('google');
  });

  it.each<PageConfig['identity']>([{ kind: 'dev' }, FIREBASE])(
    'allow no inline script: $kind',
    async (identity) => {
      const { policy } = await headersFor(identity);
      expect(policy['script-src'] ?? policy['default-src']).not.toMatch(/unsafe/);
    },
  );

  it.each([
    '*',
    '* ws:',
    "a; script-src 'unsafe-inline'",
    'a,b',
    'a b',
    '[::1]:4000',
    'a@b',
    '*.example',
    "'none'",
    'a:b',
    'x'.repeat(300),
  ])('ignore the invalid Host header "%s"', async (host) => {
    for (const identity of [{ kind: 'dev' }, FIREBASE] as const) {
      const { policy } = await headersFor(identity, host);
      expect(policy['connect-src']).toMatch(
        /^'self'( https:\/\/(identitytoolkit|securetoken)\.googleapis\.com){0,2}$/,
      );
      expect(policy['script-src'] ?? policy['default-src']).not.toMatch(/unsafe/);
      server?.close();
    }
  });
});

/** What a browser lets the page do, by how people sign in. */
import express from 'express';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createPageRouter, securityHeaders, type PageConfig } from '../../src/http/page.js';

const FIREBASE = {
  kind: 'firebase',
  projectId: 'shop',
  apiKey: 'public-key',
  authDomain: 'shop.firebaseapp.com',
  emulatorHost: null,
} as const;
let server: Server | undefined;

afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

async function headersFor(identity: PageConfig['identity']) {
  const application = express();
  application.use(securityHeaders());
  application.use(createPageRouter({ folder: '/nowhere', config: { identity, limits: { maxUploadBytes: 1, mimeTypes: [] } } }));
  server = application.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { headers } = await fetch(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/config.json`);
  const directives = (headers.get('content-security-policy') ?? '').split(';').map((directive) => directive.split(' '));
  return { headers, policy: Object.fromEntries(directives.map(([name = '', ...sources]) => [name, sources.join(' ')])) };
}

describe('a page whose people sign in', () => {
  it('by a dev name asks nobody but its own server', async () => {
    const { headers, policy } = await headersFor({ kind: 'dev' });
    expect(policy).toMatchObject({ 'default-src': "'self'", 'connect-src': "'self' ws: wss:" });
    expect(policy).not.toHaveProperty('script-src');
    expect(policy).not.toHaveProperty('frame-src');
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  });

  it('through Firebase asks exactly what its library needs', async () => {
    const { headers, policy } = await headersFor(FIREBASE);
    expect(policy).toMatchObject({
      'default-src': "'self'",
      'connect-src': "'self' ws: wss: https://identitytoolkit.googleapis.com https://securetoken.googleapis.com",
      'script-src': "'self' https://apis.google.com",
      'frame-src': 'https://shop.firebaseapp.com',
      'frame-ancestors': "'none'",
    });
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin-allow-popups');
    expect(headers.get('referrer-policy')).toBe('strict-origin-when-cross-origin');
  });

  it('through the emulator asks the emulator, and Google nothing', async () => {
    const { policy } = await headersFor({ ...FIREBASE, emulatorHost: '127.0.0.1:9099' });
    expect(policy).toMatchObject({ 'connect-src': "'self' ws: wss: http://127.0.0.1:9099" });
    expect(JSON.stringify(policy)).not.toContain('google');
  });

  it.each<PageConfig['identity']>([{ kind: 'dev' }, FIREBASE])('runs no script that stands in the page: $kind', async (identity) => {
    const { policy } = await headersFor(identity);
    expect(policy['script-src'] ?? policy['default-src']).not.toMatch(/unsafe/);
  });
});

/** The Origin of the product's own page. HTTP and WebSockets use the same guards. */
import { createGuards } from '../../src/api/http/request-guards.js';

const HOST = '127.0.0.1:4000';
const local = createGuards({ loopbackOnly: true, corsOrigins: ['https://app.example.com'] });
const behindProxy = createGuards({ loopbackOnly: false, corsOrigins: [] });

function isAllowed(guards: typeof local, headers: Record<string, string>): boolean {
  try {
    guards.check({ headers });
    return true;
  } catch {
    return false;
  }
}

describe('an Origin on a plain server', () => {
  it.each([
    [`http://${HOST}`, HOST],
    ['http://localhost', 'localhost'],
    ['http://localhost', 'localhost:80'],
    ['http://localhost:4000', 'LocalHost:4000'],
    ['http://[::1]:4000', '[::1]:4000'],
    ['https://app.example.com', HOST],
  ])('allows %s at %s', (origin, host) => {
    expect(isAllowed(local, { origin, host })).toBe(true);
  });

  it.each([
    `foo://${HOST}`,
    `https://${HOST}`,
    `ws://${HOST}`,
    `ftp://${HOST}`,
    `blob:http://${HOST}`,
    `http://evil.com@${HOST}`,
    `http://:@${HOST}`,
    `http://${HOST}/`,
    `http://${HOST}/path`,
    `http://${HOST}?`,
    `http://${HOST}#`,
    `http:\\\\${HOST}`,
    `http:/${HOST}`,
    ` http://${HOST}`,
    `http://${HOST}, http://${HOST}`,
    `http://${HOST} http://evil.com`,
    `HTTP://${HOST}`,
    'http://127.0.0.1:04000',
    'http://127.1:4000',
    'http://0x7f.0.0.1:4000',
    'http://127.0.0.1',
    'http://localhost:4000',
    'http://127.0.0.1:4000.evil.com',
    'https://app.example.com/',
    'https://APP.example.com',
    'null',
    '',
  ])('rejects "%s"', (origin) => {
    expect(isAllowed(local, { origin, host: HOST })).toBe(false);
  });

  it('ignores the proxy headers of a client', () => {
    expect(
      isAllowed(local, { origin: `https://${HOST}`, host: HOST, 'x-forwarded-proto': 'https' }),
    ).toBe(false);
  });
});

describe('an Origin behind a proxy, with tokens that nobody can forge', () => {
  it.each([
    ['https://docs.example.com', { 'x-forwarded-proto': 'https' }, true],
    ['https://docs.example.com', { 'x-forwarded-proto': 'https, http' }, true],
    ['http://docs.example.com', { 'x-forwarded-proto': 'https' }, false],
    ['https://docs.example.com', {}, false],
    ['https://docs.example.com', { 'x-forwarded-proto': 'http' }, false],
    ['http://docs.example.com', {}, true],
    ['https://docs.example.com:8443', { 'x-forwarded-proto': 'https' }, false],
    [
      'https://evil.example',
      { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' },
      false,
    ],
  ])('allows %s with %j: %s', (origin, headers, expected) => {
    expect(isAllowed(behindProxy, { origin, host: 'docs.example.com', ...headers })).toBe(expected);
  });

  it.each([
    'evil.com@docs.example.com',
    'docs.example.com/x',
    'docs.example.com\\',
    'docs.example.com?',
    'docs example.com',
    '',
  ])('rejects every Origin if the Host is "%s"', (host) => {
    expect(isAllowed(behindProxy, { origin: 'http://docs.example.com', host })).toBe(false);
  });

  it('rejects every Origin without a Host header', () => {
    expect(isAllowed(behindProxy, { origin: 'http://docs.example.com' })).toBe(false);
  });
});

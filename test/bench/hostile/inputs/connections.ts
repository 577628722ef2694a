/** TCP connections: slow headers, slow bodies, too many connections, and unread responses. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ofKind, type HostileInput, type Target } from '../input.js';
import {
  atOnce,
  EVENT_STREAM,
  exchange,
  graphqlBody,
  MULTIPART_BODY,
  multipart,
  send,
  uploadFile,
} from '../requests.js';

const HOLD_MS = 4_000;
const TRICKLE_MS = 250;
const CONNECT_MS = 5_000;
const BOUNDARY_LINE = MULTIPART_BODY['content-type'];

export const connectionInputs: HostileInput[] = [
  ...ofKind('connections', 'DOOR-11', {
    'connections-1000': async (target) => trickle(target, 1_000, '', ''),
    'slow-headers': async (target) =>
      trickle(target, 200, 'GET / HTTP/1.1\r\nHost: localhost\r\n', 'X-A: b\r\n'),
    'slow-anonymous-bodies': async (target) =>
      trickle(
        target,
        200,
        head(target, '/graphql', 'Content-Type: application/json\r\nContent-Length: 200000\r\n'),
        ' ',
      ),
    'slow-signed-in-bodies': async (target) =>
      trickle(
        target,
        100,
        head(
          target,
          '/graphql',
          `${signedIn(target)}Content-Type: application/json\r\nContent-Length: 200000\r\n`,
        ),
        ' ',
      ),
    'slow-anonymous-uploads': async (target) =>
      trickle(
        target,
        100,
        head(target, '/graphql', `Content-Type: ${BOUNDARY_LINE}\r\nContent-Length: 200000\r\n`),
        '-',
      ),
    'slow-uploads': async (target) =>
      trickle(
        target,
        60,
        `${head(target, '/api/documents/upload', `${signedIn(target)}Content-Type: ${BOUNDARY_LINE}\r\nContent-Length: 200000\r\n`)}${fileHead()}`,
        'xx',
      ),
    'slow-uploads-over-graphql': async (target) =>
      trickle(
        target,
        60,
        `${head(target, '/graphql', `${signedIn(target)}Apollo-Require-Preflight: 1\r\nContent-Type: ${BOUNDARY_LINE}\r\nContent-Length: 200000\r\n`)}${operationsHead()}`,
        'xx',
      ),
    'pipelined-unread': async (target) =>
      trickle(
        target,
        4,
        `GET /graphql?query=%7B__schema%7Btypes%7Bname%20description%7D%7D%7D HTTP/1.1\r\nHost: ${hostOf(target)}\r\nApollo-Require-Preflight: 1\r\n\r\n`.repeat(
          500,
        ),
        '',
      ),
    'pipelined-pages-unread': async (target) =>
      trickle(target, 4, `GET / HTTP/1.1\r\nHost: ${hostOf(target)}\r\n\r\n`.repeat(1_000), ''),
    'downloads-unread': downloadsUnread,
    'uploads-broken-off': async (target) => atOnce(30, () => breakOff(target, fileHead())),
    'second-files-broken-off': async (target) =>
      atOnce(10, () => breakOff(target, `${fileHead()}x\r\n${fileHead()}`)),
    'many-files-broken-off': async (target) =>
      atOnce(10, () => breakOff(target, `${fileHead()}x\r\n`.repeat(50))),
    'uploads-at-once': async (target) =>
      uploadFile(target, { name: 'parallel.txt', content: 'x '.repeat(200_000), times: 30 }),
  }),
  ...ofKind('http', 'DOOR-15', {
    'percent-escapes': async (target) =>
      Promise.all(
        [
          '/%',
          '/%E0%A4',
          '/assets/%c0%af',
          '/api/documents/%00/status',
          '/api/documents/%ff/file',
          '/graphql?query=%',
          `/${'%2e%2e%2f'.repeat(1_000)}`,
        ].map((path) => send(target, { path, method: 'GET' })),
      ),
    'long-addresses': async (target) =>
      Promise.all(
        ['/', '%2f', '.', '//../'].map((segment) =>
          send(target, { path: `/api${segment.repeat(12_000 / segment.length)}`, method: 'GET' }),
        ),
      ),
    'accept-of-12-kB': async (target) =>
      sendHeaders(target, { accept: 'text/event-stream;q=0.1,'.repeat(500) }),
    'content-type-of-12-kB': async (target) =>
      sendHeaders(target, { 'content-type': `application/json${'; a=b'.repeat(2_000)}` }),
    'content-type-of-quotes': async (target) =>
      sendHeaders(target, {
        'content-type': `multipart/form-data; boundary="${'\\"'.repeat(5_000)}`,
      }),
    'cookies-of-12-kB': async (target) => sendHeaders(target, { cookie: 'a=b;'.repeat(3_000) }),
    'encodings-of-12-kB': async (target) =>
      sendHeaders(target, { 'accept-encoding': 'gzip;q=0.1,'.repeat(1_000) }),
    'languages-of-12-kB': async (target) =>
      sendHeaders(target, {
        'accept-language': 'a-'.repeat(6_000),
        'if-none-match': '"",'.repeat(1_000),
      }),
    'forwarded-of-12-kB': async (target) =>
      sendHeaders(target, {
        'x-forwarded-for': '1,'.repeat(6_000),
        'x-forwarded-host': ' '.repeat(100) + 'x',
      }),
    'authorization-of-12-kB': async (target) =>
      sendHeaders(target, { authorization: `Bearer${' '.repeat(12_000)}x` }),
    'authorization-of-dots': async (target) =>
      sendHeaders(target, { authorization: `Bearer dev:${'.'.repeat(12_000)}` }),
    origins: async (target) =>
      Promise.all(
        [
          `http://${hostOf(target)}@evil.example`,
          'null',
          'http://',
          `http://${'a.'.repeat(5_000)}`,
          `foo://${hostOf(target)}`,
        ].map((origin) =>
          send(target, { method: 'GET', path: '/config.json', headers: { origin } }),
        ),
      ),
    ranges: async (target) => downloadWith(target, { range: `bytes=${'0-1,'.repeat(3_000)}0-1` }),
    'gzip-bodies': async (target) => [
      await send(target, {
        headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
        body: Buffer.alloc(200_000),
      }),
    ],
    charsets: async (target) =>
      Promise.all(
        ['utf-7', 'utf-32', '__proto__', 'x'.repeat(5_000)].map((charset) =>
          sendHeaders(target, { 'content-type': `application/json; charset=${charset}` }).then(
            (responses) => responses.join(' '),
          ),
        ),
      ),
  }),
];

/** Opens `count` event streams over HTTP for `holdMs`, and reads them if `reads` is true. */
export async function openStreams(
  target: Target,
  query: string,
  count: number,
  holdMs: number,
  reads = true,
): Promise<string[]> {
  const body = graphqlBody(query);
  const headers = Object.entries(EVENT_STREAM)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  const opening =
    head(
      target,
      '/graphql',
      `${signedIn(target)}${headers}Content-Length: ${Buffer.byteLength(body)}\r\n`,
    ) + body;
  return trickle(target, count, opening, '', { holdMs, reads });
}

/**
 * Opens `count` connections that send `opening` and then `drip` every 250 ms. Returns the status or
 * the state of each at the end.
 */
async function trickle(
  target: Target,
  count: number,
  opening: string,
  drip: string,
  { holdMs = HOLD_MS, reads = false } = {},
): Promise<string[]> {
  const connections = await Promise.all(
    Array.from({ length: count }, () => openConnection(target, reads)),
  );
  for (const connection of connections) connection?.socket.write(opening);
  const end = performance.now() + holdMs;
  while (performance.now() < end) {
    await sleep(TRICKLE_MS);
    if (drip !== '')
      for (const connection of connections)
        if (connection?.socket.writable === true) connection.socket.write(drip);
  }
  return connections.map(stateOf);
}

interface Connection {
  socket: Socket;
  received: () => string;
}

async function openConnection({ url }: Target, reads: boolean): Promise<Connection | null> {
  const { port } = new URL(url);
  const socket = connect({ host: '127.0.0.1', port: Number(port) });
  socket.on('error', () => undefined);
  let received = '';
  if (reads)
    socket
      .setEncoding('latin1')
      .on('data', (text: string) => (received = (received + text).slice(0, 1_000)));
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_MS) });
    return { socket, received: () => received || String(socket.read() ?? '').slice(0, 1_000) };
  } catch {
    socket.destroy();
    return null;
  }
}

function stateOf(connection: Connection | null): string {
  if (connection === null) return 'refused';
  const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(connection.received()) ?? [];
  const state = connection.socket.destroyed ? 'closed' : 'open';
  connection.socket.destroy();
  return status === undefined ? state : `${status} ${state}`;
}

function head(target: Target, path: string, headers: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: ${hostOf(target)}\r\n${headers}\r\n`;
}

function hostOf({ url }: Target): string {
  return new URL(url).host;
}

function signedIn({ token }: Target): string {
  return `Authorization: Bearer ${token}\r\n`;
}

function fileHead(): string {
  return (
    multipart([{ name: 'file', filename: 'slow.txt', content: '' }])
      .toString()
      .split('\r\n--')[0] ?? ''
  );
}

function operationsHead(): string {
  const operations = {
    query: 'mutation($f:Upload!){uploadDocument(file:$f){document{id}}}',
    variables: { f: null },
  };
  const fields = [
    { name: 'operations', content: JSON.stringify(operations) },
    { name: 'map', content: '{"0":["variables.f"]}' },
    { name: '0', filename: 'slow.txt', content: 'begun' },
  ];
  const whole = multipart(fields).toString();
  return whole.slice(0, whole.indexOf('begun') + 'begun'.length);
}

/** Resets the connection in the middle of a file. */
async function breakOff(target: Target, beginning: string): Promise<string> {
  const connection = await openConnection(target, true);
  if (connection === null) return 'refused';
  const opening = head(
    target,
    '/api/documents/upload',
    `${signedIn(target)}Content-Type: ${BOUNDARY_LINE}\r\nContent-Length: 5000000\r\n`,
  );
  connection.socket.write(`${opening}${beginning}${'x'.repeat(100_000)}`);
  await sleep(TRICKLE_MS);
  connection.socket.resetAndDestroy();
  return 'reset';
}

async function sendHeaders(target: Target, headers: Record<string, string>): Promise<string[]> {
  const body = graphqlBody('{viewer{id}}');
  const posted = await send(target, {
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  return [posted, await send(target, { method: 'GET', path: '/', headers })];
}

async function uploadSmall(target: Target, content: string): Promise<string> {
  const body = multipart([{ name: 'file', filename: 'download.txt', content }]);
  const { text } = await exchange(target, {
    path: '/api/documents/upload',
    body,
    headers: MULTIPART_BODY,
  });
  return (JSON.parse(text) as { documentId: string }).documentId;
}

async function downloadWith(target: Target, headers: Record<string, string>): Promise<string[]> {
  const id = await uploadSmall(target, 'x'.repeat(10_000));
  return [await send(target, { method: 'GET', path: `/api/documents/${id}/file`, headers })];
}

async function downloadsUnread(target: Target): Promise<string[]> {
  const id = await uploadSmall(target, `x${' '.repeat(5_000_000)}`);
  const request = `GET /api/documents/${id}/file HTTP/1.1\r\nHost: ${hostOf(target)}\r\n${signedIn(target)}\r\n`;
  return trickle(target, 60, request, '');
}

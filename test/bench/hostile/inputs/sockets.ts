/** WebSockets and event streams: floods, unread responses, and very many of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { ofKind, type HostileInput, type Target } from '../input.js';
import { uploadFile } from '../requests.js';
import {
  codesDuring,
  flood,
  hold,
  openSignedIn,
  openSocket,
  signInGraphql,
} from './socket-client.js';
import { openStreams } from './connections.js';

const HOLD_MS = 4_000;
/** The time in which responses to the subscriptions arrive. */
const SUBSCRIBE_MS = 300;
const BURST = 200;
/** Characters of a message just below the limit. */
const FULL_MESSAGE = 250_000;
const QUERY = '{__schema{types{name description fields{name description}}}}';
const WATCH = 'subscription{documentStatus{kind seq status document{id filename}}}';
const PING = JSON.stringify({ type: 'ping', payload: { a: 'x'.repeat(400) } });
const DEEP = `{"type":"ping","payload":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;

type Path = '/graphql' | '/ws';

export const socketInputs: HostileInput[] = [
  ...ofKind('socket', 'DOOR-06', {
    'pings-unread': flooded('/graphql', () => PING, false),
    'pings-read': flooded('/graphql', () => PING, true),
    'large-pings-unread': flooded(
      '/graphql',
      () => JSON.stringify({ type: 'ping', payload: { a: 'x'.repeat(FULL_MESSAGE) } }),
      false,
      4,
    ),
    'deep-pings': flooded('/graphql', () => DEEP, true, 4),
    'queries-unread': flooded('/graphql', (n) => operation(n, QUERY), false),
    'queries-read': flooded('/graphql', (n) => operation(n, QUERY), true),
    'searches-unread': flooded(
      '/graphql',
      (n) => operation(n, '{search(query:"(((((((((("){score}}'),
      false,
    ),
    'mutations-unread': flooded(
      '/graphql',
      (n) =>
        operation(n, 'mutation{deleteDocument(id:"3fa85f64-5717-4562-b3fc-2c963f66afa6"){id}}'),
      false,
    ),
    'wrong-documents-unread': flooded(
      '/graphql',
      (n) => operation(n, `{${'nosuch '.repeat(900)}}`),
      false,
    ),
    'subscriptions-begun-and-ended': flooded(
      '/graphql',
      (n) =>
        n % 2 === 0 ? operation(n, WATCH) : JSON.stringify({ id: `q${n - 1}`, type: 'complete' }),
      false,
    ),
    'one-id-again-and-again': flooded('/graphql', () => operation(1, WATCH), true),
    'protocol-pings': pinged('/graphql'),
    'fragments-of-one-byte': fragmented('/graphql'),
    'plain-pings-unread': flooded('/ws', () => '{"type":"ping"}', false),
    'plain-pings-read': flooded('/ws', () => '{"type":"ping"}', true),
    'plain-nonsense-unread': flooded('/ws', (n) => `nonsense ${n}`, false),
    'plain-deep-json': flooded('/ws', () => DEEP, true, 4),
    'plain-binary': flooded('/ws', () => Buffer.alloc(FULL_MESSAGE), true, 4),
    'plain-protocol-pings': pinged('/ws'),
    'plain-fragments-of-one-byte': fragmented('/ws'),
    'pings-before-signing-in': async (target) => [
      await flood(
        await openSocket(target, '/graphql'),
        floodOf(() => PING, false),
      ),
    ],
    'queries-before-signing-in': async (target) => [
      await flood(
        await openSocket(target, '/graphql'),
        floodOf((n) => operation(n, QUERY), false),
      ),
    ],
    'plain-nonsense-before-signing-in': async (target) => [
      await flood(
        await openSocket(target, '/ws'),
        floodOf((n) => `nonsense ${n}`, false),
      ),
    ],
    'ten-sockets-flood': async (target) =>
      Promise.all(
        Array.from({ length: 10 }, () => flooded('/graphql', () => PING, false)(target)),
      ).then((responses) => responses.flat()),
  }),
  ...ofKind('sockets', 'DOOR-11', {
    'subscriptions-1000': subscribed(1, 1_000),
    'subscriptions-5000-over-sockets': subscribed(10, 500),
    'subscriptions-unread': subscribed(5, 200, false),
    'sockets-without-sign-in': async (target) =>
      hold(
        await openSockets(500, (index) => openSocket(target, index % 2 === 0 ? '/graphql' : '/ws')),
        HOLD_MS,
      ),
    'sockets-of-one-user': async (target) =>
      heldWhileUploading(target, await openSockets(300, () => openSignedIn(target, '/ws'))),
    'graphql-sockets-of-one-user': async (target) =>
      heldWhileUploading(target, await openSockets(300, () => openSignedIn(target, '/graphql'))),
    'sockets-that-come-and-go': async (target) =>
      hold(
        await openSockets(300, async (index) =>
          terminate(await openSignedIn(target, index % 2 === 0 ? '/graphql' : '/ws')),
        ),
        500,
      ),
    'signs-in-twice': async (target) => [
      await flood(await openSignedIn(target, '/graphql'), {
        burst: () => [signInGraphql(target)],
        holdMs: 500,
        reads: true,
      }),
    ],
    'a-payload-of-prototypes': async (target) => [
      await flood(await openSocket(target, '/graphql'), {
        burst: () => [
          '{"type":"connection_init","payload":{"__proto__":{"authorization":"Bearer dev:x"},"constructor":{}}}',
        ],
        holdMs: 500,
        reads: true,
      }),
    ],
    'streams-200': async (target) => openStreams(target, WATCH, 200, HOLD_MS),
    'streams-of-the-list-unread': async (target) => openStreams(target, WATCH, 60, HOLD_MS, false),
  }),
];

function operation(number: number, query: string): string {
  return JSON.stringify({ id: `q${number}`, type: 'subscribe', payload: { query } });
}

function floodOf(message: (index: number) => string | Buffer, reads: boolean, burst = BURST) {
  return {
    burst: (sent: number) => Array.from({ length: burst }, (_, index) => message(sent + index)),
    holdMs: HOLD_MS,
    reads,
  };
}

function flooded(
  path: Path,
  message: (index: number) => string | Buffer,
  reads: boolean,
  burst = BURST,
): HostileInput['send'] {
  return async (target) => [
    await flood(await openSignedIn(target, path), floodOf(message, reads, burst)),
  ];
}

function pinged(path: Path): HostileInput['send'] {
  return async (target) => {
    const socket = await openSignedIn(target, path);
    socket?.pause();
    for (
      let sent = 0;
      sent < 100_000 &&
      socket?.readyState === socket?.OPEN &&
      (socket?.bufferedAmount ?? 0) < 10_000_000;
      sent += 1
    )
      socket?.ping('x'.repeat(120));
    return hold([socket], HOLD_MS);
  };
}

function fragmented(path: Path): HostileInput['send'] {
  return async (target) => {
    const socket = await openSignedIn(target, path);
    for (let sent = 0; sent < 300_000 && socket?.readyState === socket?.OPEN; sent += 1)
      socket?.send('x', { fin: false });
    return hold([socket], HOLD_MS);
  };
}

/** Opens sockets with subscriptions and uploads one document whose changes all of them get. */
function subscribed(sockets: number, subscriptions: number, reads = true): HostileInput['send'] {
  return async (target) => {
    const opened = await openSockets(sockets, () => openSignedIn(target, '/graphql'));
    const codes: string[] = [];
    for (const socket of opened) {
      if (socket === null) continue;
      codes.push(...(await codesDuring(socket, async () => subscribe(socket, subscriptions))));
      if (!reads) socket.pause();
    }
    return [...new Set(codes), ...(await heldWhileUploading(target, opened))];
  };
}

async function subscribe(socket: WebSocket, count: number): Promise<void> {
  for (let number = 0; number < count; number += 1)
    if (socket.readyState === socket.OPEN) socket.send(operation(number, WATCH));
  await sleep(SUBSCRIBE_MS);
}

async function heldWhileUploading(
  target: Target,
  sockets: readonly (WebSocket | null)[],
): Promise<string[]> {
  const holding = hold(sockets, HOLD_MS);
  const uploaded = await uploadFile(target, {
    name: 'watched.txt',
    content: 'One change for many watchers.',
  });
  return [...uploaded, ...(await holding)];
}

async function openSockets(
  count: number,
  openOne: (index: number) => Promise<WebSocket | null>,
): Promise<(WebSocket | null)[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => openOne(index)));
}

function terminate(socket: WebSocket | null): WebSocket | null {
  socket?.terminate();
  return socket;
}

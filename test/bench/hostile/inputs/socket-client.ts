/** WebSockets of hostile clients: they send any message and may leave responses unread. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket, type RawData } from 'ws';
import type { Target } from '../input.js';

const OPEN_MS = 10_000;
const RESPONSE_MS = 20_000;

/** Opens a WebSocket. Returns null if the server refuses it. */
export async function openSocket(
  { url }: Target,
  path: '/graphql' | '/ws',
): Promise<WebSocket | null> {
  const socket = new WebSocket(
    `${url.replace(/^http/, 'ws')}${path}`,
    path === '/graphql' ? 'graphql-transport-ws' : [],
  );
  socket.on('error', () => undefined);
  const opened = await Promise.race([
    once(socket, 'open', { signal: AbortSignal.timeout(OPEN_MS) }).then(() => true),
    waitUntilClosed(socket).then(() => false),
  ]).catch(() => false);
  if (opened) return socket;
  socket.terminate();
  return null;
}

/** Opens a WebSocket and signs in. Returns null if the server refuses either. */
export async function openSignedIn(
  target: Target,
  path: '/graphql' | '/ws',
): Promise<WebSocket | null> {
  const socket = await openSocket(target, path);
  if (socket === null) return null;
  socket.send(path === '/ws' ? signInPlain(target) : signInGraphql(target));
  const accepted = await Promise.race([
    once(socket, 'message', { signal: AbortSignal.timeout(OPEN_MS) }).then(() => true),
    waitUntilClosed(socket).then(() => false),
  ]).catch(() => false);
  return accepted ? socket : null;
}

export function signInGraphql({ token }: Target): string {
  return JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
}

export function signInPlain({ token }: Target): string {
  return JSON.stringify({ type: 'auth', token });
}

/**
 * Sends one operation with `payload` unchanged and returns the response in short: `next`, the codes
 * of errors, or the close code.
 */
export async function operateOnce(target: Target, payload: string): Promise<string> {
  const socket = await openSignedIn(target, '/graphql');
  if (socket === null) return 'ws not opened';
  const responded = responseOf(socket);
  socket.send(`{"id":"1","type":"subscribe","payload":${payload}}`);
  const response = await responded;
  socket.terminate();
  return `ws ${response}`;
}

async function responseOf(socket: WebSocket): Promise<string> {
  const message = once(socket, 'message').then(([data]) => (data as Buffer).toString());
  const closed = waitUntilClosed(socket).then((code) => `closed ${code}`);
  const first = await Promise.race([
    message,
    closed,
    sleep(RESPONSE_MS, 'no response in time', { ref: false }),
  ]);
  if (!first.startsWith('{')) return first;
  const codes = [...first.matchAll(/"code":"([A-Z_]+)"/g)].map(([, code]) => code);
  return [/"type":"([a-z_]+)"/.exec(first)?.[1], ...new Set(codes)].join(' ');
}

export interface Flood {
  /** Makes the messages of one burst. */
  burst: (sent: number) => readonly (string | Buffer)[];
  holdMs: number;
  /** If false, the messages of the server stay unread. */
  reads: boolean;
}

/** The most bytes that wait to be sent. More would fill the memory of the benchmark only. */
const MAX_BUFFERED_BYTES = 1_000_000;

/**
 * Sends messages for `holdMs` as fast as the server accepts them. Returns whether the socket is
 * still open, or its close code.
 */
export async function flood(
  socket: WebSocket | null,
  { burst, holdMs, reads }: Flood,
): Promise<string> {
  if (socket === null) return 'ws not opened';
  const closed = waitUntilClosed(socket);
  if (!reads) socket.pause();
  let sent = 0;
  const end = performance.now() + holdMs;
  while (performance.now() < end && socket.readyState === socket.OPEN) {
    if (socket.bufferedAmount < MAX_BUFFERED_BYTES)
      for (const message of burst(sent)) sent = sendCounted(socket, message, sent);
    await sleep(5);
  }
  const code = socket.readyState === socket.OPEN ? 'still open' : `closed ${await closed}`;
  socket.terminate();
  return `ws ${code}`;
}

function sendCounted(socket: WebSocket, message: string | Buffer, sent: number): number {
  if (socket.readyState === socket.OPEN) socket.send(message);
  return sent + 1;
}

/**
 * Waits for the close and returns its code. `once` of node:events would reject at the error that
 * precedes the close.
 */
function waitUntilClosed(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => socket.once('close', (code) => resolve(code)));
}

/** Holds sockets open for `holdMs` and returns the state or the close code of each. */
export async function hold(
  sockets: readonly (WebSocket | null)[],
  holdMs: number,
): Promise<string[]> {
  const states = sockets.map(watchState);
  await sleep(holdMs);
  const finalStates = states.map((state) => state());
  for (const socket of sockets) socket?.terminate();
  return finalStates;
}

/** Returns a function that returns the present state of the socket. */
function watchState(socket: WebSocket | null): () => string {
  if (socket === null) return () => 'ws not opened';
  let code: number | undefined;
  socket.once('close', (closeCode) => (code = closeCode));
  return () => (code === undefined ? 'ws still open' : `ws closed ${code}`);
}

/** Returns the distinct codes of the messages that arrive while `action` runs. */
export async function codesDuring(
  socket: WebSocket,
  action: () => Promise<unknown>,
): Promise<string[]> {
  const codes = new Set<string>();
  function collect(data: RawData): void {
    for (const [, code] of (data as Buffer).toString().matchAll(/"code":"([A-Z_]+)"/g))
      if (code !== undefined) codes.add(code);
  }
  socket.on('message', collect);
  await action();
  socket.off('message', collect);
  return [...codes];
}

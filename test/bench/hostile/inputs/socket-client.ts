/** WebSockets that say what they like and read when they like. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket, type RawData } from 'ws';
import type { Target } from '../input.js';

const OPEN_MS = 10_000;
const RESPONSE_MS = 20_000;

/** Null if it was refused. */
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
    untilClosed(socket).then(() => false),
  ]).catch(() => false);
  if (opened) return socket;
  socket.terminate();
  return null;
}

/** Signed in, or null. */
export async function openSignedIn(
  target: Target,
  path: '/graphql' | '/ws',
): Promise<WebSocket | null> {
  const socket = await openSocket(target, path);
  if (socket === null) return null;
  socket.send(path === '/ws' ? signInPlain(target) : signInGraphql(target));
  const accepted = await Promise.race([
    once(socket, 'message', { signal: AbortSignal.timeout(OPEN_MS) }).then(() => true),
    untilClosed(socket).then(() => false),
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
 * Sends one operation, its payload as it stands, and returns what came: `next`, the codes of
 * errors, or the close code.
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
  const closed = untilClosed(socket).then((code) => `closed ${code}`);
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
  /** Messages, made anew for each burst. */
  burst: (sent: number) => readonly (string | Buffer)[];
  holdMs: number;
  /** False: what the server says stays unread. */
  reads: boolean;
}

/** A megabyte that waits here is enough: the rest would only fill our own memory. */
const WAITING_BYTES = 1_000_000;

/**
 * Sends as fast as the server takes it, for so long; returns how many messages went and how it
 * ended.
 */
export async function flood(
  socket: WebSocket | null,
  { burst, holdMs, reads }: Flood,
): Promise<string> {
  if (socket === null) return 'ws not opened';
  const closed = untilClosed(socket);
  if (!reads) socket.pause();
  let sent = 0;
  const end = performance.now() + holdMs;
  while (performance.now() < end && socket.readyState === socket.OPEN) {
    if (socket.bufferedAmount < WAITING_BYTES)
      for (const message of burst(sent)) sent = say(socket, message, sent);
    await sleep(5);
  }
  const code = socket.readyState === socket.OPEN ? 'still open' : `closed ${await closed}`;
  socket.terminate();
  return `ws ${code}`;
}

function say(socket: WebSocket, message: string | Buffer, sent: number): number {
  if (socket.readyState === socket.OPEN) socket.send(message);
  return sent + 1;
}

/** Returns the code. Not by `once`: it rejects at an error, which comes before the close. */
function untilClosed(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => socket.once('close', (code) => resolve(code)));
}

/** Holds sockets open for a while and returns how each of them ended. */
export async function hold(
  sockets: readonly (WebSocket | null)[],
  holdMs: number,
): Promise<string[]> {
  const codes = sockets.map((socket) => {
    let code: number | undefined;
    socket?.once('close', (number) => (code = number));
    return () =>
      socket === null
        ? 'ws not opened'
        : code === undefined
          ? 'ws still open'
          : `ws closed ${code}`;
  });
  await sleep(holdMs);
  const ended = codes.map((code) => code());
  for (const socket of sockets) socket?.terminate();
  return ended;
}

/** Codes of the messages that came while `action` ran, each once. */
export async function codesDuring(
  socket: WebSocket,
  action: () => Promise<unknown>,
): Promise<string[]> {
  const codes = new Set<string>();
  const collect = (data: RawData) => {
    for (const [, code] of (data as Buffer).toString().matchAll(/"code":"([A-Z_]+)"/g))
      if (code !== undefined) codes.add(code);
  };
  socket.on('message', collect);
  await action();
  socket.off('message', collect);
  return [...codes];
}

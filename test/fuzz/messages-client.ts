/** Sends messages over a WebSocket, receives for 150 ms and closes the socket. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket, type RawData } from 'ws';
import type { SocketResponse } from './responses.js';

const LISTEN_MS = 150;
const OPEN_MS = 10_000;
const PROTOCOL = 'graphql-transport-ws';

export interface MessagesSent {
  path: '/graphql' | '/ws';
  /** The token to sign in with first; null skips the sign-in. */
  token: string | null;
  messages: readonly string[];
}

export async function exchangeMessages(
  url: string,
  { path, token, messages }: MessagesSent,
): Promise<SocketResponse> {
  const socket = new WebSocket(
    `${url.replace(/^http/, 'ws')}${path}`,
    path === '/graphql' ? PROTOCOL : [],
  );
  const response: SocketResponse = { kind: 'socket', messages: [], closeCode: null };
  socket.on('error', () => undefined);
  socket.on('message', (data: RawData) => response.messages.push((data as Buffer).toString()));
  // `once` of node:events would reject at the error that precedes the close.
  const closed = new Promise<void>((resolve) => {
    socket.once('close', (code) => {
      response.closeCode = code;
      resolve();
    });
  });
  await Promise.race([
    once(socket, 'open', { signal: AbortSignal.timeout(OPEN_MS) }),
    closed,
  ]).catch(() => undefined);
  for (const message of [...(token === null ? [] : [toSignInMessage(path, token)]), ...messages])
    if (socket.readyState === socket.OPEN) socket.send(message);
  await Promise.race([closed, sleep(LISTEN_MS)]);
  // terminate() closes the socket with a code of its own, which must not reach the response.
  const received = { ...response };
  socket.terminate();
  return received;
}

export function toSignInMessage(path: string, token: string): string {
  const message =
    path === '/ws'
      ? { type: 'auth', token }
      : { type: 'connection_init', payload: { authorization: `Bearer ${token}` } };
  return JSON.stringify(message);
}

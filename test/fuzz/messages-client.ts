/** A WebSocket that sends some messages, listens for a moment and leaves. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket, type RawData } from 'ws';
import type { SocketResponse } from './responses.js';

const LISTEN_MS = 150;
const OPEN_MS = 10_000;
const PROTOCOL = 'graphql-transport-ws';

export interface MessagesSent {
  path: '/graphql' | '/ws';
  /** Null: it does not sign in first. */
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
  // Not by `once`: it rejects at an error, which comes before the close.
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
  for (const message of [...(token === null ? [] : [signIn(path, token)]), ...messages])
    if (socket.readyState === socket.OPEN) socket.send(message);
  await Promise.race([closed, sleep(LISTEN_MS)]);
  // Ends what is open before the response is judged: terminate() would add a close of its own.
  const seen = { ...response };
  socket.terminate();
  return seen;
}

function signIn(path: string, token: string): string {
  const message =
    path === '/ws'
      ? { type: 'auth', token }
      : { type: 'connection_init', payload: { authorization: `Bearer ${token}` } };
  return JSON.stringify(message);
}

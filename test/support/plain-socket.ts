/** A client of the plain WebSocket at /ws that records every message. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { eventually } from './wait.js';

export interface PlainMessage {
  type: string;
  data: Record<string, unknown>;
}

export interface PlainSocket {
  readonly received: PlainMessage[];
  /** Resolves with code and reason when the server closes the socket. */
  readonly closed: Promise<{ code: number; reason: string }>;
  send(message: unknown): void;
  sendText(text: string | Buffer): void;
  /** Resolves with the first message that fits, received already or later. */
  until(fits: (message: PlainMessage) => boolean): Promise<PlainMessage>;
  close(): void;
}

export async function openPlainSocket(url: string): Promise<PlainSocket> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`);
  const received: PlainMessage[] = [];
  socket.on('message', (data: Buffer) =>
    received.push(JSON.parse(data.toString()) as PlainMessage),
  );
  const closed = once(socket, 'close').then(([code, reason]) => ({
    code: code as number,
    reason: String(reason),
  }));
  closed.catch(() => undefined);
  await once(socket, 'open');
  return {
    received,
    closed,
    send: (message) => socket.send(JSON.stringify(message)),
    sendText: (text) => socket.send(text),
    until: (fits) =>
      eventually(() => received.find(fits), { timeoutMs: 60_000, what: 'the message waited for' }),
    close: () => socket.close(),
  };
}

/** Opens a socket, signs in and waits for `authenticated`. */
export async function signIn(url: string, token: string, since?: string): Promise<PlainSocket> {
  const socket = await openPlainSocket(url);
  socket.send({ type: 'auth', token, ...(since !== undefined && { since }) });
  await socket.until(({ type }) => type === 'authenticated');
  return socket;
}

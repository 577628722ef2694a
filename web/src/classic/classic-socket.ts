import { webSocketUrl } from '../api/web-socket-url.js';
import type { Connection } from '../connection/connection.js';
import type { Identity } from '../sign-in/identity.js';
import type { EventHub } from './events.js';
import { parseMessage } from './protocol.js';

const PING_EVERY_MS = 12_000;
const PONG_WITHIN_MS = 5_000;
const TOKEN_REFUSED = 4401;
const TOKEN_EXPIRED = 4403;

/**
 * The plain WebSocket, for as long as `signal` lets it. After each return the server tells the
 * whole state again, so nothing is missed.
 */
export async function runClassicSocket(
  identity: Identity,
  connection: Connection,
  hub: EventHub,
  signal: AbortSignal,
): Promise<void> {
  let attempt = 0;
  let fresh = false;
  while (!signal.aborted) {
    const { code, wasAuthenticated }: SocketEnd = await identity.token({ fresh }).then(
      (token) => runOnce(token ?? '', connection, hub, signal),
      () => NO_TOKEN_NOW,
    );
    if (signal.aborted) return;
    if (code === TOKEN_REFUSED)
      return identity.signOut('The server did not accept your sign-in. Please sign in again.');
    fresh = code === TOKEN_EXPIRED || (fresh && !wasAuthenticated);
    if (wasAuthenticated) attempt = 0;
    await connection.waitForTry(attempt++);
  }
}

interface SocketEnd {
  code: number;
  wasAuthenticated: boolean;
}

/** The network is away, perhaps: it is tried again as for a line that broke. */
const NO_TOKEN_NOW: SocketEnd = { code: 1006, wasAuthenticated: false };

function runOnce(
  token: string,
  connection: Connection,
  hub: EventHub,
  signal: AbortSignal,
): Promise<SocketEnd> {
  return new Promise((resolve) => {
    const socket = new WebSocket(webSocketUrl('/ws'));
    let wasAuthenticated = false;
    let pongTimer: ReturnType<typeof setTimeout> | undefined;
    const end = (code: number) => {
      clearTimeout(pongTimer);
      clearInterval(pingTimer);
      signal.removeEventListener('abort', close);
      socket.onclose = socket.onmessage = null;
      socket.close();
      resolve({ code, wasAuthenticated });
    };
    const close = () => end(1000);
    const pingTimer = setInterval(() => {
      if (socket.readyState !== WebSocket.OPEN) return;
      socket.send('{"type":"ping"}');
      // A line that died without a word looks open for minutes.
      pongTimer = setTimeout(close, PONG_WITHIN_MS);
    }, PING_EVERY_MS);
    signal.addEventListener('abort', close);
    socket.onopen = () => socket.send(JSON.stringify({ type: 'auth', token }));
    socket.onclose = (event) => end(event.code);
    socket.onmessage = ({ data }) => {
      const message = parseMessage(String(data));
      if (message === null) return;
      if (message.type === 'pong') clearTimeout(pongTimer);
      if (message.type === 'authenticated') {
        wasAuthenticated = true;
        connection.live();
      }
      hub.emit(message);
    };
  });
}

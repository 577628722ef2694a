import { webSocketUrl } from '../api/web-socket-url.js';
import type { Connection } from '../connection/connection.js';
import {
  CLOSE_EXPIRED,
  CLOSE_UNAUTHENTICATED,
  createPongTimer,
  PING_INTERVAL_MS,
  SIGN_IN_REJECTED,
} from '../connection/keep-alive.js';
import type { Identity } from '../sign-in/identity.js';
import type { EventHub } from './events.js';
import { parseMessage } from './protocol.js';

/**
 * Keeps the plain WebSocket connected until `signal` aborts. The server sends the whole state after
 * each reconnect, so no event is missed.
 */
export async function runClassicSocket(
  identity: Identity,
  connection: Connection,
  hub: EventHub,
  signal: AbortSignal,
): Promise<void> {
  let attempt = 0;
  let needsFreshToken = false;
  while (!signal.aborted) {
    const { code, wasAuthenticated }: SocketClose = await identity
      .token({ fresh: needsFreshToken })
      .then(
        (token) => runConnection(token ?? '', connection, hub, signal),
        () => NO_TOKEN,
      );
    if (signal.aborted) return;
    if (code === CLOSE_UNAUTHENTICATED) {
      identity.signOut(SIGN_IN_REJECTED);
      return;
    }
    needsFreshToken = code === CLOSE_EXPIRED || (needsFreshToken && !wasAuthenticated);
    if (wasAuthenticated) attempt = 0;
    await connection.waitForRetry(attempt++);
  }
}

interface SocketClose {
  code: number;
  wasAuthenticated: boolean;
}

/** The network may be down, so a missing token is retried as a lost connection is. */
const NO_TOKEN: SocketClose = { code: 1006, wasAuthenticated: false };

function runConnection(
  token: string,
  connection: Connection,
  hub: EventHub,
  signal: AbortSignal,
): Promise<SocketClose> {
  return new Promise((resolve) => {
    const socket = new WebSocket(webSocketUrl('/ws'));
    let wasAuthenticated = false;
    const end = (code: number) => {
      pongTimer.stop();
      clearInterval(pingTimer);
      signal.removeEventListener('abort', close);
      socket.onclose = socket.onmessage = null;
      socket.close();
      resolve({ code, wasAuthenticated });
    };
    const close = () => end(1000);
    const pongTimer = createPongTimer(close);
    const pingTimer = setInterval(() => {
      if (socket.readyState !== WebSocket.OPEN) return;
      socket.send('{"type":"ping"}');
      pongTimer.start();
    }, PING_INTERVAL_MS);
    signal.addEventListener('abort', close);
    socket.onopen = () => socket.send(JSON.stringify({ type: 'auth', token }));
    socket.onclose = (event) => end(event.code);
    socket.onmessage = ({ data }) => {
      const message = parseMessage(String(data));
      if (message === null) return;
      if (message.type === 'pong') pongTimer.stop();
      if (message.type === 'authenticated') {
        wasAuthenticated = true;
        connection.live();
      }
      hub.emit(message);
    };
  });
}

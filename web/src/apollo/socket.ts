import { createClient, type Client } from 'graphql-ws';
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

const readCloseCode = (event: unknown) => (event instanceof CloseEvent ? event.code : undefined);

/**
 * Opens the one socket of the page. The socket reconnects and subscribes again on its own while
 * the page is open, except after the close code 4401, which graphql-ws does not retry.
 */
export function createSocket(identity: Identity, connection: Connection): Client {
  let needsFreshToken = false;
  const pongTimer = createPongTimer(() => client.terminate());
  const client = createClient({
    url: webSocketUrl('/graphql'),
    connectionParams: async () => {
      // graphql-ws 6 treats an error here as a bug and never reconnects; a terminated connection is
      // retried.
      const token = await identity.token({ fresh: needsFreshToken }).catch(() => null);
      if (token === null) client.terminate();
      return { authorization: `Bearer ${token ?? ''}` };
    },
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    retryWait: (attempt) => connection.waitForRetry(attempt),
    connectionAckWaitTimeout: 10_000,
    keepAlive: PING_INTERVAL_MS,
    on: {
      connected: () => {
        needsFreshToken = false;
        connection.live();
      },
      closed: (event) => {
        pongTimer.stop();
        needsFreshToken ||= readCloseCode(event) === CLOSE_EXPIRED;
        if (readCloseCode(event) === CLOSE_UNAUTHENTICATED) identity.signOut(SIGN_IN_REJECTED);
      },
      ping: (isReceived) => {
        if (!isReceived) pongTimer.start();
      },
      pong: (isReceived) => {
        if (isReceived) pongTimer.stop();
      },
    },
  });
  return client;
}

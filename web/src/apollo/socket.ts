import { createClient, type Client } from 'graphql-ws';
import type { Connection } from '../connection/connection.js';
import type { Identity } from '../sign-in/identity.js';
import { webSocketUrl } from '../api/web-socket-url.js';

const PING_EVERY_MS = 12_000;
const PONG_WITHIN_MS = 5_000;

/**
 * The server's word for a token whose time is over; one that never was good closes with 4401, which
 * graphql-ws does not retry.
 */
const TOKEN_EXPIRED = 4403;
const TOKEN_REFUSED = 4401;

const closeCode = (event: unknown) => (event instanceof CloseEvent ? event.code : undefined);

/**
 * One socket for the whole page. It comes back by itself for as long as the page is open, and
 * subscribes again by itself.
 */
export function createSocket(identity: Identity, connection: Connection): Client {
  let fresh = false;
  let pongTimer: ReturnType<typeof setTimeout> | undefined;
  const client = createClient({
    url: webSocketUrl('/graphql'),
    connectionParams: async () => {
      // graphql-ws takes an error here for a bug and never comes back; a line that broke is tried
      // again.
      const token = await identity.token({ fresh }).catch(() => null);
      if (token === null) client.terminate();
      return { authorization: `Bearer ${token ?? ''}` };
    },
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    retryWait: (attempt) => connection.waitForTry(attempt),
    connectionAckWaitTimeout: 10_000,
    keepAlive: PING_EVERY_MS,
    on: {
      connected: () => {
        fresh = false;
        connection.live();
      },
      closed: (event) => {
        clearTimeout(pongTimer);
        fresh ||= closeCode(event) === TOKEN_EXPIRED;
        if (closeCode(event) === TOKEN_REFUSED)
          identity.signOut('The server did not accept your sign-in. Please sign in again.');
      },
      // A line that died without a word looks open for minutes; a ping without a pong ends that.
      ping: (received) => {
        if (!received) pongTimer = setTimeout(() => client.terminate(), PONG_WITHIN_MS);
      },
      pong: (received) => {
        if (received) clearTimeout(pongTimer);
      },
    },
  });
  return client;
}

import { Client } from 'pg';
import type { Logger } from '../runtime/logger.js';

interface Options {
  url: string;
  name: string;
  logger: Logger;
  /** Called with every new connection, before it counts as open. */
  onOpen: (client: Client) => Promise<void>;
  /** Called when the connection is lost, and with it every lock that it held. */
  onLost: () => void;
  onNotification?: () => void;
}

export interface Session {
  /** Returns null while there is no connection. */
  client(): Client | null;
  stop(): Promise<void>;
}

const RECONNECT_MS = 1_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** The probes of the operating system notice a server that vanished without closing. */
const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 5_000 };

/**
 * Opens one connection outside the pool, for what is bound to a connection: advisory locks and
 * notifications. The session reconnects automatically until it is stopped.
 */
export function startSession(options: Options): Session {
  const { url, name, logger } = options;
  let current: Client | null = null;
  let reconnect: NodeJS.Timeout | undefined;
  let isStopped = false;
  let opening: Promise<void> = Promise.resolve();

  async function open(): Promise<void> {
    const client = createClient();
    try {
      await client.connect();
      await options.onOpen(client);
      current = client;
    } catch (error) {
      logger.warn(
        { err: error, session: name },
        'failed to open a database session; the connection is retried',
      );
      await client.end().catch(() => undefined);
      scheduleReconnect();
    }
  }

  function createClient(): Client {
    const client = new Client({
      connectionString: url,
      application_name: `docstream ${name}`,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      ...KEEP_ALIVE,
    });
    client.on('error', (error) =>
      logger.warn({ err: error, session: name }, 'lost a database session; it is opened again'),
    );
    client.once('end', () => lose(client));
    client.on('notification', () => options.onNotification?.());
    return client;
  }

  function lose(client: Client): void {
    if (current !== client) return;
    current = null;
    options.onLost();
    scheduleReconnect();
  }

  function scheduleReconnect(): void {
    if (isStopped) return;
    reconnect = setTimeout(() => {
      opening = open();
    }, RECONNECT_MS);
  }

  opening = open();
  return {
    client: () => current,
    stop: async () => {
      isStopped = true;
      clearTimeout(reconnect);
      await opening;
      clearTimeout(reconnect);
      const client = current;
      current = null;
      await client?.end().catch(() => undefined);
    },
  };
}

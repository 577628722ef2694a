import { Client } from 'pg';
import type { Logger } from '../runtime/logger.js';

interface Options {
  url: string;
  name: string;
  logger: Logger;
  /** Called with every new connection, before it counts as open. */
  onOpen: (client: Client) => Promise<void>;
  /** The connection is gone, and with it every lock it held. */
  onLost: () => void;
  onNotification?: () => void;
}

export interface Session {
  /** Null while there is no connection. */
  client(): Client | null;
  stop(): Promise<void>;
}

const RETRY_MS = 1_000;
/** A server that vanished without a word is noticed by the system's own probes. */
const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 5_000 };

/**
 * One connection of its own, outside the pool, for what belongs to a connection: advisory locks and
 * notifications. It comes back by itself.
 */
export function startSession(options: Options): Session {
  const { url, name, logger } = options;
  let current: Client | null = null;
  let retry: NodeJS.Timeout | undefined;
  let stopped = false;
  let opening: Promise<void> = Promise.resolve();

  async function open(): Promise<void> {
    const client = new Client({
      connectionString: url,
      application_name: `docstream ${name}`,
      connectionTimeoutMillis: 5_000,
      ...KEEP_ALIVE,
    });
    client.on('error', (error) =>
      logger.warn({ err: error, session: name }, 'a session with the database has ended'),
    );
    client.once('end', () => lose(client));
    client.on('notification', () => options.onNotification?.());
    try {
      await client.connect();
      await options.onOpen(client);
      current = client;
    } catch (error) {
      logger.warn(
        { err: error, session: name },
        'a session with the database could not be opened; it is tried again',
      );
      await client.end().catch(() => undefined);
      again();
    }
  }

  function lose(client: Client): void {
    if (current !== client) return;
    current = null;
    options.onLost();
    again();
  }

  function again(): void {
    if (!stopped) retry = setTimeout(() => void (opening = open()), RETRY_MS);
  }

  opening = open();
  return {
    client: () => current,
    stop: async () => {
      stopped = true;
      clearTimeout(retry);
      await opening;
      clearTimeout(retry);
      const client = current;
      current = null;
      await client?.end().catch(() => undefined);
    },
  };
}

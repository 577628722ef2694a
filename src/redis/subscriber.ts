/**
 * The connection that listens. ioredis and RedisPubSub would leave rejections unhandled, which end
 * the process: ioredis when subscribing anew after a reconnect is refused, RedisPubSub when its
 * SUBSCRIBE or UNSUBSCRIBE is. Here both are done by hand: what is wanted is kept, sent whenever
 * Redis is there, and acknowledged when Redis has acknowledged, however long that takes.
 */
import type { RedisPubSub } from 'graphql-redis-subscriptions';
import { openRedis, type Log, type RedisConnection } from './client.js';

interface Options {
  url: string;
  logger: Log;
  /** All that is wanted is subscribed to again; hints may have been lost in between. */
  onRestored: () => void;
}

export interface Subscriber extends RedisConnection {
  /** What RedisPubSub uses of a subscriber. */
  client: ReturnType<RedisPubSub['getSubscriber']>;
}

type Acknowledge = (error: null) => void;

/** A listener sends nothing by itself, so that a dead connection would go unnoticed. */
const PING_EVERY_MS = 15_000;

export function openSubscriber({ url, logger, onRestored }: Options): Subscriber {
  const connection = openRedis({
    url,
    name: 'status-subscriber',
    logger,
    more: { autoResubscribe: false },
  });
  const { redis } = connection;
  const wanted = new Map<string, Acknowledge[]>();
  let wasReady = false;

  async function send(channels: string[]): Promise<boolean> {
    try {
      if (channels.length > 0) await redis.subscribe(...channels);
    } catch (error) {
      // Still wanted: sent again with the next connection.
      if (connection.isReady())
        logger.warn(
          { err: toPlainError(error), channels: channels.length },
          'Redis refused a subscription',
        );
      return false;
    }
    for (const channel of channels) {
      for (const acknowledge of wanted.get(channel)?.splice(0) ?? []) acknowledge(null);
    }
    return true;
  }

  redis.on('ready', () => {
    const isReturn = wasReady;
    wasReady = true;
    void send([...wanted.keys()]).then((restored) => restored && isReturn && onRestored());
  });
  const pinging = setInterval(
    () => void redis.ping().catch(() => undefined),
    PING_EVERY_MS,
  ).unref();

  const client = {
    on: redis.on.bind(redis),
    subscribe: (channel: string, acknowledge: Acknowledge) => {
      wanted.set(channel, [...(wanted.get(channel) ?? []), acknowledge]);
      if (connection.isReady()) void send([channel]);
    },
    unsubscribe: (channel: string) => {
      wanted.delete(channel);
      if (connection.isReady()) void redis.unsubscribe(channel).catch(() => undefined);
    },
    // Its presence is how RedisPubSub tells ioredis from other clients; we have no patterns.
    psubscribe: () => undefined,
    punsubscribe: () => undefined,
  };

  return {
    ...connection,
    client: client as unknown as Subscriber['client'],
    stop: () => {
      clearInterval(pinging);
      connection.stop();
    },
  };
}

/** Without the command that ioredis hangs on its errors. */
function toPlainError(error: unknown): Error {
  return new Error(error instanceof Error ? error.message : 'unknown');
}

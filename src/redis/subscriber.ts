/**
 * The connection that subscribes.
 *
 * ioredis 6 and RedisPubSub leave rejections unhandled, which end the process: ioredis if Redis
 * denies a repeated subscription after a reconnect, RedisPubSub if Redis denies SUBSCRIBE or
 * UNSUBSCRIBE. So this file sends both commands. It keeps the wanted channels, subscribes to them
 * after every connect, and acknowledges a subscription once Redis has, however long that takes.
 */
import type { RedisPubSub } from 'graphql-redis-subscriptions';
import type { Logger } from '../runtime/logger.js';
import { openRedis, type RedisConnection } from './client.js';

interface Options {
  url: string;
  logger: Pick<Logger, 'info' | 'warn'>;
  /**
   * Called after a reconnect, once all wanted channels are subscribed to again. Notifications may
   * have been lost in between.
   */
  onRestored: () => void;
}

export interface Subscriber extends RedisConnection {
  /** Has the methods that RedisPubSub calls. */
  client: ReturnType<RedisPubSub['getSubscriber']>;
}

type Acknowledge = (error: null) => void;

/** A subscriber sends nothing else, so that a dead connection would go unnoticed. */
const PING_EVERY_MS = 15_000;

export function openSubscriber({ url, logger, onRestored }: Options): Subscriber {
  const connection = openRedis({
    url,
    name: 'status-subscriber',
    logger,
    redisOptions: { autoResubscribe: false },
  });
  const { redis } = connection;
  const wanted = new Map<string, Acknowledge[]>();
  let wasReady = false;

  async function send(channels: string[]): Promise<boolean> {
    try {
      if (channels.length > 0) await redis.subscribe(...channels);
    } catch (error) {
      // The channels stay wanted: the next connection subscribes to them.
      if (connection.isReady())
        logger.warn(
          { err: toPlainError(error), channels: channels.length },
          'failed to subscribe to status channels; retrying with the next connection',
        );
      return false;
    }
    for (const channel of channels) {
      for (const acknowledge of wanted.get(channel)?.splice(0) ?? []) acknowledge(null);
    }
    return true;
  }

  redis.on('ready', () => {
    const isReconnect = wasReady;
    wasReady = true;
    void send([...wanted.keys()]).then((isRestored) => {
      if (isRestored && isReconnect) onRestored();
    });
  });
  const pingTimer = setInterval(
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
    // RedisPubSub recognises ioredis by these methods; the product subscribes to no patterns.
    psubscribe: () => undefined,
    punsubscribe: () => undefined,
  };

  return {
    ...connection,
    client: client as unknown as Subscriber['client'],
    stop: () => {
      clearInterval(pingTimer);
      connection.stop();
    },
  };
}

/** Drops the command that ioredis attaches to its errors. */
function toPlainError(error: unknown): Error {
  return new Error(error instanceof Error ? error.message : 'unknown');
}

/**
 * The connection that publishes. While an event cannot be sent, the newest event of each document
 * waits, for a limited number of documents. An outage costs watchers the stages in between, and
 * rarely the last state, which the safety read of the hub brings in any case. It never costs memory
 * without a limit.
 */
import type { RedisPubSub } from 'graphql-redis-subscriptions';
import type { StatusEvent } from '../documents/document.js';
import { serialiseEvent } from '../documents/serialise.js';
import type { Logger } from '../runtime/logger.js';
import { openRedis, type RedisConnection } from './client.js';

export interface Publisher extends RedisConnection {
  client: ReturnType<RedisPubSub['getPublisher']>;
  /** Never throws. `pubsub` is the one made with this publisher. */
  publish(pubsub: Pick<RedisPubSub, 'publish'>, event: StatusEvent): void;
}

const MAX_WAITING_DOCUMENTS = 1_000;
/** Events that Redis has not acknowledged yet. */
const MAX_UNACKNOWLEDGED = 2_000;

export function openPublisher({
  url,
  logger,
}: {
  url: string;
  logger: Pick<Logger, 'info' | 'warn'>;
}): Publisher {
  // The events of one turn of the event loop, a batch of changes, are one write to the socket.
  const connection = openRedis({
    url,
    name: 'status-publisher',
    logger,
    redisOptions: { enableAutoPipelining: true },
  });
  const waiting = new Map<string, { event: StatusEvent; pubsub: Pick<RedisPubSub, 'publish'> }>();
  let unacknowledged = 0;

  function sendWaiting(): void {
    for (const [documentId, { event, pubsub }] of waiting) {
      if (!connection.isReady() || unacknowledged >= MAX_UNACKNOWLEDGED) return;
      waiting.delete(documentId);
      unacknowledged += 1;
      void send(pubsub, event).finally(() => {
        unacknowledged -= 1;
        if (waiting.size > 0) sendWaiting();
      });
    }
  }

  async function send(pubsub: Pick<RedisPubSub, 'publish'>, event: StatusEvent): Promise<void> {
    try {
      const text = JSON.stringify(serialiseEvent(event));
      await Promise.all([
        pubsub.publish(`document:${event.documentId}`, text),
        pubsub.publish(`user:${event.userId}`, text),
      ]);
    } catch {
      // A notification may be lost. The connection logs the problem of Redis.
    }
  }

  connection.redis.on('ready', sendWaiting);

  return {
    ...connection,
    // RedisPubSub is typed for ioredis 5; PUBLISH has not changed since.
    client: connection.redis as unknown as Publisher['client'],
    publish: (pubsub, event) => {
      waiting.delete(event.documentId);
      waiting.set(event.documentId, { event, pubsub });
      const [oldest] = waiting.keys();
      if (waiting.size > MAX_WAITING_DOCUMENTS && oldest !== undefined) waiting.delete(oldest);
      sendWaiting();
    },
  };
}

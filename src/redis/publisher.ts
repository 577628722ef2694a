/**
 * The connection that tells. What cannot be sent yet waits as the newest event of its document, of
 * so many documents at most: an outage costs watchers the stages in between, never memory, and
 * rarely the last state (which the hub's safety read brings in any case).
 */
import type { RedisPubSub } from 'graphql-redis-subscriptions';
import type { StatusEvent } from '../documents/document.js';
import { serialiseEvent } from '../documents/serialise.js';
import { openRedis, type Log, type RedisConnection } from './client.js';

export interface Publisher extends RedisConnection {
  client: ReturnType<RedisPubSub['getPublisher']>;
  /** Never throws. `pubsub` is the one made with this publisher. */
  publish(pubsub: Pick<RedisPubSub, 'publish'>, event: StatusEvent): void;
}

const MAX_WAITING_DOCUMENTS = 1_000;
/** Events that Redis has not answered yet. */
const MAX_UNANSWERED = 2_000;

export function openPublisher({ url, logger }: { url: string; logger: Log }): Publisher {
  // What is told in one turn of the loop, a batch of changes, is one write to the socket.
  const connection = openRedis({
    url,
    name: 'status-publisher',
    logger,
    more: { enableAutoPipelining: true },
  });
  const waiting = new Map<string, { event: StatusEvent; pubsub: Pick<RedisPubSub, 'publish'> }>();
  let unanswered = 0;

  function pump(): void {
    for (const [documentId, { event, pubsub }] of waiting) {
      if (!connection.isReady() || unanswered >= MAX_UNANSWERED) return;
      waiting.delete(documentId);
      unanswered += 1;
      void send(pubsub, event).finally(() => {
        unanswered -= 1;
        if (waiting.size > 0) pump();
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
      // A hint may be lost; what is wrong with Redis the connection says itself.
    }
  }

  connection.redis.on('ready', pump);

  return {
    ...connection,
    // RedisPubSub was made for the types of ioredis 5; PUBLISH has not changed.
    client: connection.redis as unknown as Publisher['client'],
    publish: (pubsub, event) => {
      waiting.delete(event.documentId);
      waiting.set(event.documentId, { event, pubsub });
      const [oldest] = waiting.keys();
      if (waiting.size > MAX_WAITING_DOCUMENTS && oldest !== undefined) waiting.delete(oldest);
      pump();
    },
  };
}

import { RedisPubSub } from 'graphql-redis-subscriptions';
import type { StatusEvent } from '../documents/document.js';
import type { StatusBus } from '../documents/ports.js';
import { parseEvent, type SerialisedEvent } from '../documents/serialise.js';
import type { Logger } from '../runtime/logger.js';
import { openPublisher } from './publisher.js';
import { openSubscriber } from './subscriber.js';

export interface RedisStatusBus extends StatusBus {
  /** Throws DEPENDENCY_UNAVAILABLE while Redis is unavailable. */
  check(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Returns the status bus on Redis pub/sub: every connected process gets a notification at most
 * once. The call does not wait for Redis: `check` reports whether Redis responds. A subscription is
 * acknowledged when Redis has acknowledged it.
 */
export async function createRedisStatusBus({
  url,
  logger,
}: {
  url: string;
  logger: Pick<Logger, 'info' | 'warn'>;
}): Promise<RedisStatusBus> {
  const reconnectListeners: (() => void)[] = [];
  const subscriber = openSubscriber({
    url,
    logger,
    onRestored: () => reconnectListeners.forEach((listener) => listener()),
  });
  const publisher = openPublisher({ url, logger });
  const pubsub = new RedisPubSub({
    subscriber: subscriber.client,
    publisher: publisher.client,
    serializer: (text: string) => text,
  });

  /** An error in the driver's message handler would stop the connection from reading. */
  function swallowErrors(listener: (event: StatusEvent) => void): (message: unknown) => void {
    return (message) => {
      try {
        if (isEvent(message)) listener(parseEvent(message));
      } catch (error) {
        logger.warn({ err: error }, 'failed to deliver a status notification; it is dropped');
      }
    };
  }

  return {
    publish: (event) => publisher.publish(pubsub, event),
    subscribe: async (channel, listener) => {
      const id = await pubsub.subscribe(channel, swallowErrors(listener));
      return once(() => pubsub.unsubscribe(id));
    },
    onReconnect: (listener) => {
      reconnectListeners.push(listener);
    },
    check: async () => {
      await Promise.all([publisher.check(), subscriber.check()]);
    },
    stop: async () => {
      subscriber.stop();
      publisher.stop();
    },
  };
}

/**
 * Any client of this Redis can publish anything. Returns whether a message has the fields by which
 * events are ordered and delivered.
 */
function isEvent(message: unknown): message is SerialisedEvent {
  const { documentId, userId, seq, status, progress, occurredAt } = (message ??
    {}) as Partial<SerialisedEvent>;
  const isAddressed = typeof documentId === 'string' && typeof userId === 'string';
  const isOrdered =
    Number.isSafeInteger(seq) && Number.isFinite(progress?.done) && typeof status === 'string';
  return (
    isAddressed &&
    isOrdered &&
    typeof occurredAt === 'string' &&
    !Number.isNaN(Date.parse(occurredAt))
  );
}

/** A second call must not throw, nor remove the subscription of another caller. */
function once(unsubscribe: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    unsubscribe();
  };
}

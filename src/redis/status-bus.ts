import { RedisPubSub } from 'graphql-redis-subscriptions';
import type { StatusEvent } from '../documents/document.js';
import type { StatusBus } from '../documents/ports.js';
import { parseEvent, type SerialisedEvent } from '../documents/serialise.js';
import type { Log } from './client.js';
import { openPublisher } from './publisher.js';
import { openSubscriber } from './subscriber.js';

export interface RedisStatusBus extends StatusBus {
  /** Throws DEPENDENCY_UNAVAILABLE while Redis cannot be used. */
  check(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Hints over Redis pub/sub: whoever is connected hears them, once at most. It does not wait for
 * Redis: `check` says whether it is there, and what is subscribed to meanwhile is acknowledged when
 * it comes.
 */
export async function createRedisStatusBus({
  url,
  logger,
}: {
  url: string;
  logger: Log;
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

  /**
   * Nothing may throw into the driver's message handler: it would break the connection's reader.
   */
  const guarded = (listener: (event: StatusEvent) => void) => (message: unknown) => {
    try {
      if (isEvent(message)) listener(parseEvent(message));
    } catch (error) {
      logger.warn({ err: error }, 'a hint of the status bus could not be handed over');
    }
  };

  return {
    publish: (event) => publisher.publish(pubsub, event),
    subscribe: async (channel, listener) => {
      const id = await pubsub.subscribe(channel, guarded(listener));
      return once(() => pubsub.unsubscribe(id));
    },
    onReconnect: (listener) => void reconnectListeners.push(listener),
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
 * Anybody on this Redis can publish anything; what lacks the keys that newness and delivery rest on
 * is no event.
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

/** Leaving twice must not throw, nor take somebody else's place. */
function once(leave: () => void): () => void {
  let left = false;
  return () => {
    if (left) return;
    left = true;
    leave();
  };
}

import type { StatusEvent } from '../documents/document.js';
import type { StatusBus } from '../documents/ports.js';
import { createDelivery } from './delivery.js';
import type { Watcher } from './watcher.js';

/** The watchers of each channel of the bus: the first of a channel joins it, the last leaves it. */
export interface Channels {
  /**
   * Resolves when the bus has acknowledged, or after a moment without: then the channel is read
   * again when it does.
   */
  join(channel: string, watcher: Watcher): Promise<() => void>;
  offer(channel: string, event: StatusEvent): void;
  /** Ends the watchers of a channel whose subject is gone. */
  end(channel: string): void;
  joined(): string[];
}

interface Options {
  bus: StatusBus;
  logger: { warn(fields: object, message: string): void };
  /** Something may have been missed on this channel. */
  onDirty: (channel: string) => void;
}

interface Channel {
  watchers: Set<Watcher>;
  deliver: (act: (watcher: Watcher) => void) => void;
  acknowledged: Promise<() => void>;
}

/** A subscriber waits no longer than this for a bus that is down. */
const ACKNOWLEDGE_MS = 250;

export function createChannels({ bus, logger, onDirty }: Options): Channels {
  const channels = new Map<string, Channel>();

  function offer(name: string, event: StatusEvent): void {
    channels.get(name)?.deliver((watcher) => watcher.offer(event));
  }

  function open(name: string): Channel {
    const acknowledged = bus.subscribe(name, (event) => offer(name, event));
    acknowledged.catch((error: unknown) =>
      logger.warn({ err: error }, 'the status bus refused a subscription; safety reads go on'),
    );
    const watchers = new Set<Watcher>();
    const channel = { watchers, deliver: createDelivery(watchers), acknowledged };
    channels.set(name, channel);
    return channel;
  }

  function leave(name: string, channel: Channel, watcher: Watcher): void {
    channel.watchers.delete(watcher);
    if (channel.watchers.size > 0 || channels.get(name) !== channel) return;
    channels.delete(name);
    void channel.acknowledged.then((unsubscribe) => unsubscribe()).catch(() => undefined);
  }

  return {
    join: async (name, watcher) => {
      const channel = channels.get(name) ?? open(name);
      channel.watchers.add(watcher);
      const inTime = await isWithin(channel.acknowledged, ACKNOWLEDGE_MS);
      if (!inTime) void channel.acknowledged.then(() => onDirty(name)).catch(() => undefined);
      return () => leave(name, channel, watcher);
    },
    offer,
    end: (name) => channels.get(name)?.deliver((watcher) => watcher.end()),
    joined: () => [...channels.keys()],
  };
}

async function isWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const timeout = Promise.withResolvers<false>();
  const timer = setTimeout(() => timeout.resolve(false), ms);
  const settled = promise.then(
    () => true,
    () => false,
  );
  return Promise.race([settled, timeout.promise]).finally(() => clearTimeout(timer));
}

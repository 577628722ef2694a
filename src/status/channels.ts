import type { StatusEvent } from '../documents/document.js';
import type { StatusBus } from '../documents/ports.js';
import { settlesWithin } from '../runtime/deadline.js';
import type { Logger } from '../runtime/logger.js';
import { createDelivery } from './delivery.js';
import type { Watcher } from './watcher.js';

/**
 * The watchers of each channel of the status bus. The first watcher of a channel subscribes to it,
 * the last one unsubscribes.
 */
export interface Channels {
  /**
   * Adds a watcher and returns the function that removes it. Resolves when the bus has acknowledged
   * the subscription, but after ACKNOWLEDGE_MS at the latest. If the bus acknowledges later, the
   * channel is refreshed then, because its watchers may have missed events.
   */
  join(channel: string, watcher: Watcher): Promise<() => void>;
  /**
   * Reads the state behind every channel and offers it to the watchers, who drop what they have
   * already seen. Never rejects.
   */
  refreshAll(): Promise<void>;
}

interface Options {
  bus: StatusBus;
  logger: Pick<Logger, 'warn'>;
  /** Returns the state behind a channel as snapshots; null if its document no longer exists. */
  readState: (channel: string) => Promise<readonly StatusEvent[] | null>;
}

interface Channel {
  watchers: Set<Watcher>;
  deliver: (action: (watcher: Watcher) => void) => void;
  acknowledged: Promise<() => void>;
}

/** The longest time that a watcher waits for a bus that does not respond. */
const ACKNOWLEDGE_MS = 250;

export function createChannels({ bus, logger, readState }: Options): Channels {
  const channels = new Map<string, Channel>();

  function offer(name: string, event: StatusEvent): void {
    channels.get(name)?.deliver((watcher) => watcher.offer(event));
  }

  function open(name: string): Channel {
    const acknowledged = bus.subscribe(name, (event) => offer(name, event));
    acknowledged.catch((error: unknown) =>
      logger.warn(
        { err: error },
        'failed to subscribe to a channel of the status bus; its watchers rely on safety reads',
      ),
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

  async function refresh(name: string): Promise<void> {
    try {
      const snapshots = await readState(name);
      for (const snapshot of snapshots ?? []) offer(name, snapshot);
      // The notification of the deletion was lost, and no other event can follow.
      if (snapshots === null) channels.get(name)?.deliver((watcher) => watcher.end());
    } catch (error) {
      logger.warn(
        { err: error },
        'failed to read watched documents again; the next safety read retries it',
      );
    }
  }

  return {
    join: async (name, watcher) => {
      const channel = channels.get(name) ?? open(name);
      channel.watchers.add(watcher);
      const inTime = await settlesWithin(channel.acknowledged, ACKNOWLEDGE_MS);
      if (!inTime) void channel.acknowledged.then(() => refresh(name)).catch(() => undefined);
      return () => leave(name, channel, watcher);
    },
    refreshAll: async () => {
      for (const name of [...channels.keys()]) await refresh(name);
    },
  };
}

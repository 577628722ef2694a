/**
 * A status bus in memory that can delay acknowledgements, lose notifications and reconnect. It
 * delivers notifications synchronously.
 */
import type { StatusEvent } from '../../src/documents/document.js';
import type { StatusBus } from '../../src/documents/ports.js';

export interface FakeBus extends StatusBus {
  /** Loses notifications from now on, or stops losing them. */
  lose(lost: boolean): void;
  /** Acknowledges subscriptions from now on only after the returned function is called. */
  holdAcknowledgements(): () => void;
  /** Rejects every subscription from now on. */
  refuse(): void;
  reconnect(): void;
  /** Returns the channels that have listeners. */
  channels(): string[];
}

export function createFakeBus(): FakeBus {
  const listeners = new Map<string, Set<(event: StatusEvent) => void>>();
  const reconnectListeners: (() => void)[] = [];
  let lost = false;
  let refused = false;
  let acknowledgement: Promise<void> = Promise.resolve();

  return {
    publish: (event) => {
      if (lost) return;
      for (const channel of [`document:${event.documentId}`, `user:${event.userId}`]) {
        for (const listener of listeners.get(channel) ?? []) listener(event);
      }
    },
    subscribe: async (channel, listener) => {
      if (refused) throw new Error('the bus is unavailable');
      await acknowledgement;
      const set = listeners.get(channel) ?? new Set();
      listeners.set(channel, set.add(listener));
      return () => {
        set.delete(listener);
        if (set.size === 0) listeners.delete(channel);
      };
    },
    onReconnect: (listener) => void reconnectListeners.push(listener),
    lose: (value) => {
      lost = value;
    },
    holdAcknowledgements: () => {
      const held = Promise.withResolvers<void>();
      acknowledgement = held.promise;
      return held.resolve;
    },
    refuse: () => {
      refused = true;
    },
    reconnect: () => {
      for (const listener of reconnectListeners) listener();
    },
    channels: () => [...listeners.keys()],
  };
}

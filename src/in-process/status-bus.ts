import { EventEmitter } from 'node:events';
import type { StatusEvent } from '../documents/document.js';
import type { StatusBus } from '../documents/ports.js';

/**
 * Returns the status bus of a single process. It delivers a notification in a later turn of the
 * event loop, as a network would, so that publishing calls no listener.
 */
export function createStatusBus(): StatusBus {
  const emitter = new EventEmitter().setMaxListeners(0);
  return {
    publish: (event) => {
      setImmediate(() => {
        emitter.emit(`document:${event.documentId}`, event);
        emitter.emit(`user:${event.userId}`, event);
      });
    },
    subscribe: (channel, listener: (event: StatusEvent) => void) => {
      emitter.on(channel, listener);
      return Promise.resolve(() => void emitter.off(channel, listener));
    },
    // This bus never disconnects.
    onReconnect: () => undefined,
  };
}

import { EventEmitter } from 'node:events';
import type { StatusBus } from '../documents/ports.js';
import type { StatusEvent } from '../documents/document.js';

/**
 * Within one process. Hints go out in a turn of their own, as they would over a network: no
 * publisher runs a watcher's code.
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
    // Nothing is ever lost here, so there is nothing to come back to.
    onReconnect: () => undefined,
  };
}

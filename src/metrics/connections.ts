import { Gauge, type Registry } from 'prom-client';
import type { StatusHub, StatusStream } from '../status/hub.js';

/** Sockets that are open, by the protocol they speak. */
export function countSockets(
  registry: Registry,
  protocols: Readonly<Record<string, { clients: ReadonlySet<unknown> }>>,
): void {
  new Gauge({
    name: 'docstream_websockets',
    help: 'Open WebSockets, by protocol.',
    labelNames: ['protocol'] as const,
    registers: [registry],
    collect() {
      for (const [protocol, { clients }] of Object.entries(protocols))
        this.set({ protocol }, clients.size);
    },
  });
}

/** The same hub; how many watch, whatever the door, is known. */
export function measureHub(registry: Registry, hub: StatusHub): StatusHub {
  const subscriptions = new Gauge({
    name: 'docstream_subscriptions',
    labelNames: ['kind'] as const,
    registers: [registry],
    help: 'Watchers of one document, and of all documents of one user, over every door.',
  });
  const counted = (kind: 'document' | 'user', stream: StatusStream) => {
    subscriptions.inc({ kind });
    return whenEnded(stream, () => subscriptions.dec({ kind }));
  };
  for (const kind of ['document', 'user']) subscriptions.set({ kind }, 0);
  return {
    ...hub,
    watchDocument: async (watch) => {
      const stream = await hub.watchDocument(watch);
      return stream && counted('document', stream);
    },
    watchUser: async (watch) => counted('user', await hub.watchUser(watch)),
  };
}

/** Once: a stream can be told to end more than once. */
function whenEnded(stream: StatusStream, onEnd: () => void): StatusStream {
  let open = true;
  const end = () => {
    if (open) onEnd();
    open = false;
  };
  const counted: StatusStream = {
    next: async () => {
      const result = await stream.next().catch((error: unknown) => {
        end();
        throw error;
      });
      if (result.done === true) end();
      return result;
    },
    return: async () => {
      end();
      return (await stream.return?.()) ?? { done: true, value: undefined };
    },
    throw: async (error) => {
      end();
      return (await stream.throw?.(error)) ?? { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => counted,
  };
  return counted;
}

import { Gauge, type Registry } from 'prom-client';
import type { WatcherKind } from '../status/hub.js';

const WATCHER_KINDS: readonly WatcherKind[] = ['document', 'user'];

/** Shows the number of open WebSockets for each protocol. */
export function countSockets(
  registry: Registry,
  protocols: Readonly<Record<string, { clients: ReadonlySet<unknown> }>>,
): void {
  const sockets: Gauge<'protocol'> = new Gauge({
    name: 'docstream_websockets',
    help: 'Open WebSockets, by protocol.',
    labelNames: ['protocol'],
    registers: [registry],
    collect: () => {
      for (const [protocol, { clients }] of Object.entries(protocols))
        sockets.set({ protocol }, clients.size);
    },
  });
}

/** Returns the status hub's `onWatcher`, which counts watchers whatever their transport. */
export function createWatcherGauge(registry: Registry): (kind: WatcherKind, delta: 1 | -1) => void {
  const subscriptions = new Gauge({
    name: 'docstream_subscriptions',
    labelNames: ['kind'] as const,
    registers: [registry],
    help: 'Watchers of one document and of all documents of one user, over all transports.',
  });
  for (const kind of WATCHER_KINDS) subscriptions.set({ kind }, 0);
  return (kind, delta) => subscriptions.inc({ kind }, delta);
}

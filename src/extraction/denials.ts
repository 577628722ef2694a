/**
 * Closes the network and other processes to this one, before any reader is loaded. A network
 * namespace does it better (launcher.ts), but not every platform has one, and Node's permissions do
 * not cover the network.
 */
import dgram from 'node:dgram';
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import workers from 'node:worker_threads';

function deny(): never {
  throw Object.assign(new Error('A process that reads documents may not do this.'), {
    code: 'ERR_ACCESS_DENIED',
  });
}

function denyAll(target: object, names: readonly string[]): void {
  for (const name of names) {
    // Defining over the global WebSocket would first load the whole HTTP client, which takes 20 ms.
    Reflect.deleteProperty(target, name);
    Object.defineProperty(target, name, { value: deny, writable: false, configurable: false });
  }
}

function functionsOf(target: object): string[] {
  return Object.entries(target).flatMap(([name, value]) =>
    typeof value === 'function' ? [name] : [],
  );
}

// http, https, http2 and tls connect and listen through these two.
denyAll(net.Socket.prototype, ['connect']);
denyAll(net.Server.prototype, ['listen']);
denyAll(dgram.Socket.prototype, ['bind', 'connect', 'send']);
denyAll(dns.promises, functionsOf(dns.promises));
denyAll(dns, functionsOf(dns));
// Signals for other processes, and another program in place of this one.
denyAll(process, ['kill', 'execve']);
denyAll(globalThis, ['fetch', 'WebSocket', 'EventSource']);
syncBuiltinESMExports();

/**
 * A thread would begin with the built-in modules as they were. To be called when this process has
 * all the threads it needs.
 */
export function denyThreads(): void {
  denyAll(workers, ['Worker']);
  syncBuiltinESMExports();
}

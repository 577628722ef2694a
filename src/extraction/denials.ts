/**
 * Denies this process the network and other processes, before any reader is loaded. A network
 * namespace is the better protection (launcher.ts), but not every platform has one, and the
 * permissions of Node 24 do not cover the network.
 */
import dgram from 'node:dgram';
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import workers from 'node:worker_threads';

function deny(): never {
  throw Object.assign(new Error('A process that reads documents must not do this.'), {
    code: 'ERR_ACCESS_DENIED',
  });
}

function denyAll(target: object, names: readonly string[]): void {
  for (const name of names) {
    // Redefining the global WebSocket without deleting it first loads the HTTP client, in 20 ms.
    Reflect.deleteProperty(target, name);
    Object.defineProperty(target, name, { value: deny, writable: false, configurable: false });
  }
}

function functionsOf(target: object): string[] {
  return Object.entries(target).flatMap(([name, value]) =>
    typeof value === 'function' ? [name] : [],
  );
}

// http, https, http2 and tls connect and listen through these two methods.
denyAll(net.Socket.prototype, ['connect']);
denyAll(net.Server.prototype, ['listen']);
denyAll(dgram.Socket.prototype, ['bind', 'connect', 'send']);
denyAll(dns.promises, functionsOf(dns.promises));
denyAll(dns, functionsOf(dns));
// Signals to other processes, and the replacement of this program by another one.
denyAll(process, ['kill', 'execve']);
denyAll(globalThis, ['fetch', 'WebSocket', 'EventSource']);
syncBuiltinESMExports();

/**
 * Denies new threads, which would start with unchanged built-in modules. Call it when this process
 * has all the threads it needs.
 */
export function denyThreads(): void {
  denyAll(workers, ['Worker']);
  syncBuiltinESMExports();
}

import type { WebSocket } from 'ws';

/** The interval between pings. */
export const HEARTBEAT_MS = 12_000;

/**
 * Terminates a socket whose client does not respond to a ping. Otherwise a peer that vanished would
 * keep its socket until TCP gives up. The heartbeat stops when the socket closes.
 */
export function startHeartbeat(socket: WebSocket, everyMs = HEARTBEAT_MS): void {
  let responded = true;
  socket.on('pong', () => {
    responded = true;
  });
  const timer = setInterval(() => {
    if (!responded) return socket.terminate();
    responded = false;
    socket.ping();
  }, everyMs);
  socket.once('close', () => clearInterval(timer));
}

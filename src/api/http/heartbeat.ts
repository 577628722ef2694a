import type { WebSocket } from 'ws';

export const HEARTBEAT_MS = 12_000;

/**
 * Ends a socket whose client does not respond: a peer that vanished silently would be kept for as
 * long as TCP waits. Stops with the socket.
 */
export function startHeartbeat(socket: WebSocket, everyMs = HEARTBEAT_MS): void {
  let responded = true;
  socket.on('pong', () => (responded = true));
  const timer = setInterval(() => {
    if (!responded) return socket.terminate();
    responded = false;
    socket.ping();
  }, everyMs);
  socket.once('close', () => clearInterval(timer));
}

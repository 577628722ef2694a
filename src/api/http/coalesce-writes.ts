import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/**
 * What is sent over a WebSocket in one turn of the loop leaves as one write to its connection: a
 * batch of changes is many small messages to the same watcher, and writing to a connection costs
 * more than making a message.
 */
export function coalesceWrites(webSocket: WebSocket, connection: Duplex): void {
  const send = webSocket.send.bind(webSocket) as (...message: unknown[]) => void;
  let gathering = false;

  function leave(): void {
    gathering = false;
    connection.uncork();
  }

  webSocket.send = (...message: unknown[]) => {
    if (!gathering) {
      gathering = true;
      connection.cork();
      setImmediate(leave);
    }
    send(...message);
  };
}

import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/**
 * Sends all messages of one turn of the event loop as one write to the connection. A batch of
 * changes is many small messages to the same watcher, and a write costs more than a message.
 */
export function coalesceWrites(webSocket: WebSocket, connection: Duplex): void {
  const send = webSocket.send.bind(webSocket) as (...message: unknown[]) => void;
  let isCorked = false;

  function flush(): void {
    isCorked = false;
    connection.uncork();
  }

  webSocket.send = (...message: unknown[]) => {
    if (!isCorked) {
      isCorked = true;
      connection.cork();
      setImmediate(flush);
    }
    send(...message);
  };
}

import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * A client that reads nothing for so long is disconnected: a stalled download, an unread stream.
 */
const STALLED_MS = 30_000;
const SWEEP_MS = 1_000;

interface Progress {
  bytesWritten: number;
  since: number;
}

/** Watches the output of all connections of a server with one timer. Returns a stop function. */
export function guardUnread(server: Server, stalledMs = STALLED_MS): () => void {
  const connections = new Map<Socket, Progress>();
  server.on('connection', (socket: Socket) => {
    connections.set(socket, { bytesWritten: 0, since: performance.now() });
    socket.once('close', () => connections.delete(socket));
  });

  /** Bytes that the kernel accepted count as read, so that an idle connection is never stalled. */
  function sweep(): void {
    const now = performance.now();
    for (const [socket, progress] of connections) {
      const flushed = socket.bytesWritten - Math.max(socket.writableLength, countQueued(socket));
      if (flushed === socket.bytesWritten || flushed > progress.bytesWritten)
        Object.assign(progress, { bytesWritten: flushed, since: now });
      else if (now - progress.since >= stalledMs) socket.destroy();
    }
  }

  const timer = setInterval(sweep, SWEEP_MS).unref();
  return () => clearInterval(timer);
}

/**
 * Returns the bytes of the current write that the kernel has not accepted; 0 if Node does not know.
 * Node's own socket timeout reads the same private field.
 */
function countQueued(socket: Socket): number {
  const { _handle: handle } = socket as { _handle?: { writeQueueSize?: unknown } | null };
  return typeof handle?.writeQueueSize === 'number' ? handle.writeQueueSize : 0;
}

import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * A client that takes none of what waits for it, for so long, is cut off: a download that stands
 * still, a stream that nobody reads.
 */
const STALLED_MS = 30_000;
const SWEEP_MS = 1_000;

interface Progress {
  bytesWritten: number;
  since: number;
}

/** Watches the output of all connections of a server, with one timer. Returns the way to stop. */
export function guardUnread(server: Server, stalledMs = STALLED_MS): () => void {
  const connections = new Map<Socket, Progress>();
  server.on('connection', (socket: Socket) => {
    connections.set(socket, { bytesWritten: 0, since: performance.now() });
    socket.once('close', () => connections.delete(socket));
  });

  /**
   * What the kernel has taken counts as written, so nothing counts as waiting while a connection
   * only rests.
   */
  function sweep(): void {
    const now = performance.now();
    for (const [socket, progress] of connections) {
      const flushed = socket.bytesWritten - Math.max(socket.writableLength, queued(socket));
      if (flushed === socket.bytesWritten || flushed > progress.bytesWritten)
        Object.assign(progress, { bytesWritten: flushed, since: now });
      else if (now - progress.since >= stalledMs) socket.destroy();
    }
  }

  const timer = setInterval(sweep, SWEEP_MS).unref();
  return () => clearInterval(timer);
}

/**
 * Bytes of the write under way that the kernel has not taken, which Node's own timeout reads as
 * well; 0 where there is no such number.
 */
function queued(socket: Socket): number {
  const { _handle: handle } = socket as { _handle?: { writeQueueSize?: unknown } | null };
  return typeof handle?.writeQueueSize === 'number' ? handle.writeQueueSize : 0;
}

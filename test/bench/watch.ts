/** Clients of the plain WebSocket, which both sides serve: one for each user. */
import { once } from 'node:events';
import { WebSocket } from 'ws';

export interface Watch {
  /**
   * Waits for the terminal events of `count` documents. Returns the time of the last one, in
   * milliseconds of the epoch.
   */
  waitUntilEnded(count: number): Promise<number>;
  /** Calls the listener for each document that ended, with the time by performance.now(). */
  onEnded(listener: (documentId: string, at: number) => void): void;
  close(): void;
}

export async function watchUsers(url: string, userIds: readonly string[]): Promise<Watch> {
  const ended = new Set<string>();
  const listeners: ((documentId: string, at: number) => void)[] = [];
  let wantedCount = Infinity;
  const done = Promise.withResolvers<number>();

  function recordEnd(documentId: string): void {
    if (ended.has(documentId)) return;
    ended.add(documentId);
    for (const listener of listeners) listener(documentId, performance.now());
    if (ended.size >= wantedCount) done.resolve(Date.now());
  }

  const sockets = await Promise.all(userIds.map((userId) => watchUser(url, userId, recordEnd)));
  return {
    waitUntilEnded: (count) => {
      wantedCount = count;
      if (ended.size >= wantedCount) done.resolve(Date.now());
      return done.promise;
    },
    onEnded: (listener) => {
      listeners.push(listener);
    },
    close: () => sockets.forEach((socket) => socket.terminate()),
  };
}

async function watchUser(
  url: string,
  userId: string,
  recordEnd: (documentId: string) => void,
): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`);
  const authenticated = Promise.withResolvers<void>();
  socket.on('message', (bytes: Buffer) => {
    const text = bytes.toString('utf8');
    if (text.startsWith('{"type":"authenticated"')) authenticated.resolve();
    if (!text.startsWith('{"type":"document_processed"')) return;
    const { data } = JSON.parse(text) as {
      data: { documentId: string; status: string; error: string | null };
    };
    if (data.status !== 'completed') throw new Error(`a document failed: ${data.error ?? ''}`);
    recordEnd(data.documentId);
  });
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'auth', token: `dev:${userId}` }));
  await authenticated.promise;
  return socket;
}

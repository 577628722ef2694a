/** Clients of the plain WebSocket, which both sides speak: one a user. */
import { once } from 'node:events';
import { WebSocket } from 'ws';

export interface Watch {
  /**
   * Resolves when each of so many documents has been told of as ended; answers when the last one
   * was, by this machine's clock.
   */
  allEnded(count: number): Promise<number>;
  /** Called for every document that has ended, with the time by performance.now(). */
  onEnded(listener: (documentId: string, at: number) => void): void;
  close(): void;
}

export async function watchUsers(url: string, userIds: readonly string[]): Promise<Watch> {
  const ended = new Set<string>();
  const listeners: ((documentId: string, at: number) => void)[] = [];
  let wanted = Infinity;
  const done = Promise.withResolvers<number>();

  function note(documentId: string): void {
    if (ended.has(documentId)) return;
    ended.add(documentId);
    for (const listener of listeners) listener(documentId, performance.now());
    if (ended.size >= wanted) done.resolve(Date.now());
  }

  const sockets = await Promise.all(userIds.map((userId) => watchUser(url, userId, note)));
  return {
    allEnded: (count) => {
      wanted = count;
      if (ended.size >= wanted) done.resolve(Date.now());
      return done.promise;
    },
    onEnded: (listener) => void listeners.push(listener),
    close: () => sockets.forEach((socket) => socket.terminate()),
  };
}

async function watchUser(
  url: string,
  userId: string,
  note: (documentId: string) => void,
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
    if (data.status !== 'completed') throw new Error(`a document has failed: ${data.error ?? ''}`);
    note(data.documentId);
  });
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'auth', token: `dev:${userId}` }));
  await authenticated.promise;
  return socket;
}

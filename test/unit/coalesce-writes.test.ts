import { Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import { coalesceWrites } from '../../src/api/http/coalesce-writes.js';

/** A connection that counts its writes, and a socket that sends each message as it is. */
function createHarness() {
  const writes: string[] = [];
  const connection = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      writes.push(String(chunk));
      done();
    },
    writev: (chunks, done) => {
      writes.push(chunks.map(({ chunk }) => String(chunk)).join(''));
      done();
    },
  });
  const socket = {
    send: (message: string) => void connection.write(message),
  } as unknown as WebSocket;
  coalesceWrites(socket, connection as never);
  return { socket, writes };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('coalesced writes of a WebSocket', () => {
  it('send the messages of one turn of the event loop in one write, in order', async () => {
    const { socket, writes } = createHarness();
    socket.send('a');
    await Promise.resolve();
    socket.send('b');
    socket.send('c');
    await turn();
    expect(writes).toEqual(['abc']);
  });

  it('send the messages of different turns at once, in different writes', async () => {
    const { socket, writes } = createHarness();
    socket.send('a');
    await turn();
    expect(writes).toEqual(['a']);
    socket.send('b');
    await turn();
    expect(writes).toEqual(['a', 'b']);
  });
});

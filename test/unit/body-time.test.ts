/** How long a body may take, over real connections, with limits of milliseconds. */
import express from 'express';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { requireUploadRate, limitBodyTime } from '../../src/api/http/body-time.js';
import { createErrorHandler } from '../../src/api/http/errors.js';
import { guardUnread } from '../../src/api/http/guard-unread.js';
import { limitPipelining } from '../../src/api/http/limit-pipelining.js';
import { makeLogger } from '../support/make-logger.js';

let server: Server;

afterEach(() => {
  server.close();
  server.closeAllConnections();
});

async function listen(application: express.Express, wrap = limitPipelining): Promise<string> {
  application.use(
    createErrorHandler(makeLogger() as unknown as Parameters<typeof createErrorHandler>[0]),
  );
  server = createServer(wrap(application)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Sends the head and one byte, and waits for what the server says. */
async function sendSlowly(url: string): Promise<{ status: number; ended: Promise<unknown> }> {
  const sent = request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': 1_000 },
  });
  const ended = Promise.race([once(sent, 'close'), once(sent, 'error')]);
  sent.on('error', () => undefined);
  sent.write('{');
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.on('error', () => undefined).resume();
  return { status: response.statusCode ?? 0, ended };
}

it('responds with 408 to a body that is not complete in time, and closes its connection', async () => {
  const application = express().use(limitBodyTime(50), express.json());
  const { status, ended } = await sendSlowly(await listen(application));
  expect(status).toBe(408);
  await ended;
});

it('does not limit the response to a complete body', async () => {
  const application = express().use(limitBodyTime(50), express.json());
  const done = Promise.withResolvers<void>();
  application.post('/', (_request, response) => void done.promise.then(() => response.json({})));
  const url = await listen(application);
  const response = fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  setTimeout(done.resolve, 120);
  expect((await response).status).toBe(200);
});

it('ends an upload below the minimum rate, and applies no time limit to a faster one', async () => {
  const application = express().use(limitBodyTime(50));
  application.post('/', (incoming, _response, next) => {
    requireUploadRate(incoming, next, 100);
    incoming.resume();
  });
  const { status } = await sendSlowly(await listen(application));
  expect(status).toBe(408);
});

it('disconnects a client that reads nothing of its response', async () => {
  const application = express();
  application.get('/', (_request, response) => void response.end(Buffer.alloc(64 * 1024 * 1024)));
  const url = await listen(application);
  const stop = guardUnread(server, 500);
  const connected = once(server, 'connection') as Promise<[Socket]>;
  const sent = request(url).end();
  sent.on('error', () => undefined);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.on('error', () => undefined).pause();
  // The server's side: a client that does not read does not notice.
  const [socket] = await connected;
  await once(socket, 'close');
  expect(socket.bytesWritten).toBeGreaterThan(0);
  stop();
  sent.destroy();
});

it('serves ten requests of one connection at once, queues more, and disconnects at hundreds', async () => {
  const application = express();
  let running = 0;
  let most = 0;
  application.get('/', (_request, response) => {
    running += 1;
    most = Math.max(most, running);
    setImmediate(() => {
      running -= 1;
      response.end();
    });
  });
  const url = await listen(application);
  const flood = async (count: number) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let received = '';
    socket.on('error', () => undefined).on('data', (data: Buffer) => (received += data.toString()));
    socket.write(
      `GET / HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(count - 1) +
        `GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    await once(socket, 'close');
    return received.match(/HTTP\/1.1 200/g)?.length ?? 0;
  };
  expect(await flood(60)).toBe(60);
  expect(most).toBeLessThanOrEqual(10);
  expect(await flood(500)).toBeLessThan(500);
});

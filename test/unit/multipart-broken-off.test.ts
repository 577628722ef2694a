/** A REST upload that breaks off: an error event that nothing listens to would end the process. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { Request, Response } from 'express';
import type { Upload } from '../../src/documents/upload-document.js';
import { receiveMultipart } from '../../src/api/http/multipart.js';

const BOUNDARY = 'broken-off';
const HEAD = `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=${BOUNDARY}\r\nContent-Length: 100000\r\n\r\n`;

type Take = (upload: Upload) => Promise<string>;

async function readAll({ content }: Upload): Promise<string> {
  for await (const part of content) if (part.length === 0) return 'empty';
  return 'read to its end';
}

function filePart(content: string): string {
  return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n${content}`;
}

/**
 * Sends the beginning of a body and resets the connection once it has arrived. Returns the code or
 * what became of the upload.
 */
async function breakOff(beginning: string, take: Take): Promise<string> {
  const outcome = Promise.withResolvers<string>();
  const server = createServer((request, response) => {
    const { signal } = new AbortController();
    receiveMultipart(
      { request: request as Request, response: response as Response, signal },
      take,
    ).then(outcome.resolve, (error: Error & { code?: string }) =>
      outcome.resolve(error.code ?? error.message),
    );
    request.once('data', () => setImmediate(() => socket.resetAndDestroy()));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(`${HEAD}${beginning}`);
  const result = await outcome.promise;
  server.close();
  await once(server, 'close');
  return result;
}

it.each<[string, string, Take]>([
  ['in its file', filePart('begun'), readAll],
  ['in a second file, which is ignored', `${filePart('whole')}\r\n${filePart('begun')}`, readAll],
  [
    'in the second of many files',
    Array.from({ length: 9 }, () => filePart('whole')).join('\r\n'),
    readAll,
  ],
  [
    'in a file that is rejected before it is read',
    filePart('begun'),
    () => Promise.reject(new Error('refused')),
  ],
  [
    'in a file that nobody reads yet',
    filePart('begun'),
    () => new Promise((resolve) => setImmediate(() => resolve('not read'))),
  ],
])('rejects an upload that breaks off %s, and keeps running', async (_, beginning, take) => {
  expect(await breakOff(beginning, take)).toMatch(
    /^(BAD_USER_INPUT|the client went away|refused|not read)$/,
  );
});

/** The parts of Google's storage API for chunked uploads, downloads and removals, in memory. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { CRC32C } from '@google-cloud/storage';

export interface GcsServer {
  /** The value of STORAGE_EMULATOR_HOST. */
  address: string;
  objects: Map<string, Buffer>;
  close(): Promise<void>;
}

interface Upload {
  name: string;
  content: Buffer;
}

export async function startGcs(): Promise<GcsServer> {
  const objects = new Map<string, Buffer>();
  const uploads = new Map<string, Upload>();

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', address);
    const body = await buffer(request);
    if (url.pathname.startsWith('/upload/'))
      return request.method === 'POST'
        ? begin(url, response)
        : append(request, url, body, response);
    const name = decodeURIComponent(/\/o\/([^/]+)$/.exec(url.pathname)?.[1] ?? '');
    const content = objects.get(name);
    if (!content) {
      response.writeHead(404).end('{"error":{"code":404,"message":"No such object"}}');
      return;
    }
    if (request.method === 'DELETE') {
      objects.delete(name);
      response.writeHead(204).end();
      return;
    }
    if (url.searchParams.get('alt') !== 'media') return sendMetadata(response, name, content);
    response.writeHead(200, { 'x-goog-hash': `crc32c=${hash(content)}` }).end(content);
  }

  function begin(url: URL, response: ServerResponse): void {
    const id = randomUUID();
    uploads.set(id, { name: url.searchParams.get('name') ?? '', content: Buffer.alloc(0) });
    url.searchParams.set('upload_id', id);
    response.writeHead(200, { location: url.href }).end();
  }

  /** Only the last chunk names the total size, behind the slash. */
  function append(
    request: IncomingMessage,
    url: URL,
    body: Buffer,
    response: ServerResponse,
  ): void {
    const upload = uploads.get(url.searchParams.get('upload_id') ?? '');
    if (!upload) {
      response.writeHead(404).end();
      return;
    }
    upload.content = Buffer.concat([upload.content, body]);
    const isLast = !request.headers['content-range']?.endsWith('/*');
    if (!isLast) {
      response.writeHead(308, { range: `bytes=0-${upload.content.length - 1}` }).end();
      return;
    }
    objects.set(upload.name, upload.content);
    sendMetadata(response, upload.name, upload.content);
  }

  const server = createServer(
    (request, response) => void respond(request, response).catch(() => response.destroy()),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { address, objects, close };
}

function sendMetadata(response: ServerResponse, name: string, content: Buffer): void {
  const metadata = {
    name,
    size: String(content.length),
    crc32c: hash(content),
    updated: new Date().toISOString(),
    etag: 'one',
  };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(metadata));
}

function hash(content: Buffer): string {
  const crc32c = new CRC32C();
  crc32c.update(content);
  return crc32c.toString();
}

/** The REST API, and requests that no proper client sends. */
import { once } from 'node:events';
import { request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import type { UploadFile } from './client.js';

export interface RestResponse {
  status: number;
  body: Record<string, unknown>;
  headers: Headers;
}

export interface RestError {
  code: string;
  message: string;
  field?: string;
  limit?: number;
}

export function bearer(token: string | null): Record<string, string> {
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

/** Sends a GET to an address of the product. */
export async function getRest(
  url: string,
  token: string | null,
  path: string,
): Promise<RestResponse> {
  return toRestResponse(await fetch(`${url}${path}`, { headers: bearer(token) }));
}

/** Uploads a file over REST; `before` and `after` are fields on either side of the file. */
export async function uploadRest(
  url: string,
  token: string | null,
  file: UploadFile,
  {
    part = 'file',
    before = {},
    after = {},
  }: { part?: string; before?: Record<string, string>; after?: Record<string, string> } = {},
): Promise<RestResponse> {
  const body = new FormData();
  for (const [name, value] of Object.entries(before)) body.append(name, value);
  body.append(part, toBlob(file), file.name);
  for (const [name, value] of Object.entries(after)) body.append(name, value);
  return toRestResponse(
    await fetch(`${url}/api/documents/upload`, { method: 'POST', headers: bearer(token), body }),
  );
}

export function toBlob({ content, type = 'application/octet-stream' }: UploadFile): Blob {
  return new Blob([typeof content === 'string' ? content : new Uint8Array(content)], { type });
}

export function errorOf({ body }: RestResponse): RestError {
  return body['error'] as RestError;
}

export async function toRestResponse(response: Response): Promise<RestResponse> {
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
    headers: response.headers,
  };
}

export interface RawRequest {
  path: string;
  method?: string;
  headers?: OutgoingHttpHeaders;
  body?: string | Buffer;
}

/** Sends a request unchanged: fetch would correct the Host header and the length of the body. */
export async function sendRaw(
  url: string,
  { path, method = 'POST', headers = {}, body = '' }: RawRequest,
): Promise<{ status: number; text: string }> {
  const sent = request(`${url}${path}`, {
    method,
    headers: { 'content-length': Buffer.byteLength(body), ...headers },
  });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, text: await text(response) };
}

export const BOUNDARY = 'a-boundary-of-the-tests';

/** Writes a multipart body by hand: fields first, then files, in the order given. */
export function multipart(
  parts: { name: string; filename?: string; content: string | Buffer }[],
): Buffer {
  const pieces = parts.flatMap(({ name, filename, content }) => [
    `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"${filename === undefined ? '' : `; filename="${filename}"`}\r\n\r\n`,
    content,
    '\r\n',
  ]);
  return Buffer.concat(
    [...pieces, `--${BOUNDARY}--\r\n`].map((piece) =>
      typeof piece === 'string' ? Buffer.from(piece) : piece,
    ),
  );
}

export function multipartHeaders(token: string): OutgoingHttpHeaders {
  return {
    ...bearer(token),
    'apollo-require-preflight': 'true',
    'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
  };
}

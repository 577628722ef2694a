/** HTTP requests as they are written, over a connection of their own. */
import { once } from 'node:events';
import { request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import type { HttpResponse } from './responses.js';

const RESPONSE_MS = 20_000;
/** An event stream may go on for ever. */
const STREAM_MS = 100;

export interface HttpRequest {
  method: string;
  path: string;
  headers: OutgoingHttpHeaders;
  body: string | Buffer;
  /** The connection is cut after so many bytes of the body. */
  cutAfterBytes?: number;
}

export async function sendHttp(
  url: string,
  { method, path, headers, body, cutAfterBytes }: HttpRequest,
): Promise<HttpResponse> {
  const limit = AbortSignal.timeout(RESPONSE_MS);
  let status = 0;
  let text = '';
  try {
    const length = { 'content-length': Buffer.byteLength(body) };
    const sent = request(url, {
      method,
      path,
      agent: false,
      signal: limit,
      headers: { ...length, ...headers },
    });
    sent.on('error', () => undefined);
    const responded = once(sent, 'response') as Promise<[IncomingMessage]>;
    if (cutAfterBytes === undefined) sent.end(body);
    else
      sent.write(Buffer.from(body).subarray(0, cutAfterBytes), () =>
        setTimeout(() => sent.destroy(), 5),
      );
    const [response] = await responded;
    status = response.statusCode ?? 0;
    if (response.headers['content-type']?.startsWith('text/event-stream') === true)
      setTimeout(() => response.destroy(), STREAM_MS);
    for await (const part of response.setEncoding('utf8')) text += part as string;
    return { kind: 'http', status, text, problem: '' };
  } catch (error) {
    if (status !== 0 && !limit.aborted) return { kind: 'http', status, text, problem: '' };
    return {
      kind: 'http',
      status: 0,
      text,
      problem: toProblem(error, limit.aborted, cutAfterBytes !== undefined),
    };
  }
}

function toProblem(error: unknown, late: boolean, cut: boolean): string {
  if (late) return `none within ${RESPONSE_MS} ms`;
  if (cut) return 'broken off by the client';
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

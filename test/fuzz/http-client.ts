/** Sends HTTP requests unchanged, each over its own connection. */
import { once } from 'node:events';
import { request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import type { HttpResponse } from './responses.js';

const RESPONSE_MS = 20_000;
/** The time after which the client closes an event stream, which may never end. */
const STREAM_MS = 100;

export interface HttpRequest {
  method: string;
  path: string;
  headers: OutgoingHttpHeaders;
  body: string | Buffer;
  /** Cuts the connection after this number of bytes of the body. */
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
    for await (const received of response.setEncoding('utf8')) text += received as string;
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

function toProblem(error: unknown, isTimeout: boolean, isCut: boolean): string {
  if (isTimeout) return `none within ${RESPONSE_MS} ms`;
  if (isCut) return 'broken off by the client';
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

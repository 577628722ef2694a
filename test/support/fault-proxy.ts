/** A proxy between a client and a real HTTP server that injects faults. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface Exchange {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  /** The JSON body; undefined without a body. */
  body: unknown;
  /** Forwards the request to the real server, with `body` in place of the client's if given. */
  forward(body?: unknown): Promise<ProxyResponse>;
  /** Resolves when the client has closed the connection. */
  gone: Promise<void>;
}

export interface ProxyResponse {
  status: number;
  body: unknown;
}

/** A fault that returns undefined never responds. */
export type Fault = (exchange: Exchange) => Promise<ProxyResponse | undefined>;

export interface FaultProxy {
  url: string;
  /** Applies `fault` to requests from now on; without an argument requests are forwarded. */
  use(fault?: Fault): void;
  close(): Promise<void>;
}

function passOn(exchange: Exchange): Promise<ProxyResponse> {
  return exchange.forward();
}

export async function startFaultProxy(target: string): Promise<FaultProxy> {
  let fault: Fault = passOn;
  const server = createServer((request, response) => {
    void toExchange(target, request, response).then(async (exchange) => {
      const reply = await fault(exchange).catch((error: unknown) => ({
        status: 502,
        body: String(error),
      }));
      if (reply)
        response
          .writeHead(reply.status, { 'content-type': 'application/json' })
          .end(toJson(reply.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    use: (next = passOn) => {
      fault = next;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function toExchange(
  target: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Exchange> {
  const gone = new Promise<void>((resolve) => response.once('close', resolve));
  const text = String(await buffer(request));
  const { method = 'GET', url: path = '/', headers } = request;
  const body: unknown = text === '' ? undefined : JSON.parse(text);
  const forward = (other: unknown = body) => ask(target + path, method, other);
  return { method, path, headers, body, forward, gone };
}

async function ask(url: string, method: string, body: unknown): Promise<ProxyResponse> {
  const content =
    body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const response = await fetch(url, { method, ...content });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

function toJson(body: unknown): string | undefined {
  return body === undefined ? undefined : JSON.stringify(body);
}

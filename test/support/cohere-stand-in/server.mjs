/* global AbortController */
/**
 * Serves Cohere's v2 embed and rerank, and a control interface for tests:
 *
 *     GET  /control   counts of calls and texts, largest batch, most open calls at once, …
 *     POST /control   { reset?, responses?: [OrderedResponse], latencyMs?, inputsPerMinute?, windowMs? }
 *
 * An OrderedResponse is for one call, or for `times` calls: { of?: 'embed' | 'rerank', times?, status?,
 * headers?, body?, delayMs?, hang?, tooFew?, dimensions?, nan?: true | 'word' }. With a status the
 * body is sent unchanged; without one the usual response is changed as ordered.
 */
import { Buffer } from 'node:buffer';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createOrders } from './orders.mjs';
import { NAN_WORD, embed, refuseEmbed, refuseRerank, rerank } from './wire.mjs';

const MAX_BODY_BYTES = 16 * 1024 * 1024;
const BEARER = /^Bearer\s+(\S+)$/i;

const KINDS = {
  '/v2/embed': {
    kind: 'embed',
    refuse: refuseEmbed,
    respond: embed,
    inputs: ({ texts }) => countOf(texts),
  },
  '/v2/rerank': {
    kind: 'rerank',
    refuse: refuseRerank,
    respond: rerank,
    inputs: ({ documents }) => countOf(documents),
  },
};

export function createCohereStandIn({ apiKey, dimensions }) {
  const orders = createOrders();
  return createServer((request, response) => {
    void handle(request, response).catch((error) =>
      send(response, 500, { message: error.message }),
    );
  });

  async function handle(request, response) {
    const { pathname } = new URL(request.url, 'http://stand-in');
    const call = Object.hasOwn(KINDS, pathname) ? KINDS[pathname] : undefined;
    if (pathname === '/control') return control(request, response);
    if (call === undefined || request.method !== 'POST')
      return send(response, 404, { message: 'not found' });
    const body = await readJson(request);
    const inputs = call.inputs(body ?? {});
    const order = orders.next(call.kind);
    orders.began(call.kind, inputs);
    response.once('close', () =>
      orders.ended({ status: response.statusCode, isAbandoned: !response.writableFinished }),
    );
    if (order.hang || (await isGoneAfter(response, order.delayMs ?? orders.latencyMs())))
      return undefined;
    return respond(response, {
      call,
      body,
      inputs,
      order,
      authorization: request.headers.authorization,
    });
  }

  function respond(response, { call, body, inputs, order, authorization }) {
    if (order.status !== undefined)
      return send(response, order.status, order.body ?? { message: 'as ordered' }, order.headers);
    if (BEARER.exec(authorization ?? '')?.[1] !== apiKey)
      return send(response, 401, { message: 'invalid api token' });
    const refused =
      body === null
        ? 'invalid request: the body is not a JSON object'
        : call.refuse(body, { dimensions });
    if (refused !== null) return send(response, 400, { message: refused });
    const waitSeconds = call.kind === 'embed' ? orders.spend(inputs, Date.now()) : 0;
    if (waitSeconds > 0)
      return send(
        response,
        429,
        { message: 'too many inputs this minute' },
        { 'retry-after': String(waitSeconds) },
      );
    return send(response, 200, call.respond(body, { dimensions, spoiled: order }), order.headers);
  }

  async function control(request, response) {
    if (request.method === 'POST') {
      const body = await readJson(request);
      if (body === null) return send(response, 400, { message: 'not a JSON object' });
      orders.change(body);
    }
    return send(response, 200, orders.snapshot());
  }
}

/** Waits, then returns true if the client has closed the connection. */
async function isGoneAfter(response, delayMs) {
  if (delayMs > 0) {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    await sleep(delayMs, undefined, { signal: gone.signal }).catch(() => undefined);
  }
  return response.closed;
}

/** Returns the body, or null if it is not a JSON object. */
async function readJson(request) {
  const buffers = [];
  let bytes = 0;
  for await (const buffer of request) {
    bytes += buffer.length;
    if (bytes > MAX_BODY_BYTES) return null;
    buffers.push(buffer);
  }
  try {
    const value = JSON.parse(Buffer.concat(buffers).toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** Sends a text unchanged, because a response need not be JSON. */
function send(response, status, body, headers = {}) {
  if (response.headersSent || response.closed) return;
  const text =
    typeof body === 'string' ? body : JSON.stringify(body).replace(JSON.stringify(NAN_WORD), 'NaN');
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(text);
}

function countOf(list) {
  return Array.isArray(list) ? list.length : 0;
}

/** Requests of unusual and of hostile clients. */
import { request } from 'node:http';
import { WebSocket } from 'ws';
import { once } from 'node:events';
import { shareProduct } from '../support/shared-product.js';

const shared = shareProduct();

async function post(query: string, headers: Record<string, string>): Promise<Response> {
  return fetch(`${shared.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${shared.newUser()}`,
      ...headers,
    },
    body: JSON.stringify({ query }),
  });
}

/** Sends headers that fetch does not allow. */
function statusOf(path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${shared.url}${path}`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.once('error', reject);
    sent.end();
  });
}

describe('unusual clients', () => {
  test('sends a plain response to a query that also accepts events', async () => {
    const accept =
      'application/graphql-response+json, application/json, text/event-stream, multipart/mixed';
    const response = await post('{ viewer { id } }', { accept });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      data: { viewer: { id: expect.stringMatching(/./) as string } },
    });
  });

  test('responds over HTTP/1.1 to a client that offers HTTP/2', async () => {
    const headers = {
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'AAMAAABkAAQAAP__',
    };
    expect(await statusOf('/healthz', headers)).toBe(200);
  });

  test('rejects a subscription by a plain POST and names the alternatives', async () => {
    const response = await post('subscription { documentStatus { seq } }', {
      accept: 'application/json',
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
    });
  });
});

describe('hostile clients', () => {
  test.each(['evil.example', 'evil.example@localhost', 'localhost/x', '127.0.0.1.'])(
    'rejects the Host header %s',
    async (host) => {
      expect(await statusOf('/healthz', { host })).toBe(403);
    },
  );

  test.each(['/ws', '/graphql'])(
    'closes %s and nothing else after a message over the limit',
    async (path) => {
      const socket = new WebSocket(
        `${shared.url.replace('http', 'ws')}${path}`,
        'graphql-transport-ws',
      );
      await once(socket, 'open');
      socket.send('x'.repeat(300 * 1024));
      const [code] = (await once(socket, 'close')) as [number];
      expect(code).toBe(1009);
    },
  );

  test('rejects histories within histories before it reads them', async () => {
    const response = await post(
      '{ documents { edges { node { events { document { events { seq } } } } } } }',
      {},
    );
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
  });

  test('ignores a stream token of the single connection mode', async () => {
    const response = await post('{ viewer { id } }', {
      accept: 'text/event-stream',
      'x-graphql-event-stream-token': '__proto__',
    });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('event: next');
  });

  test('returns NOT_FOUND for an unknown path', async () => {
    const response = await fetch(`${shared.url}/assets/none.js`);
    expect([response.status, await response.json()]).toMatchObject([
      404,
      { error: { code: 'NOT_FOUND' } },
    ]);
  });
});

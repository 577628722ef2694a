/**
 * Requests that libraries reject. Every error has a code of docs/errors.md, and none is logged as
 * an internal error.
 */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { bearer, sendRaw } from '../support/rest.js';
import { shareProduct } from '../support/shared-product.js';

const shared = shareProduct();
const ERROR_LINE = /"level":50/;

function post(body: unknown, accept: string): ReturnType<typeof sendRaw> {
  const headers = { ...bearer(shared.newUser()), 'content-type': 'application/json', accept };
  return sendRaw(shared.url, { path: '/graphql', headers, body: JSON.stringify(body) });
}

afterEach(() => expect(shared.product.logs()).not.toMatch(ERROR_LINE));

describe.each(['application/json', 'text/event-stream'])('a request for %s', (accept) => {
  it.each([
    ['variables that are a number', { query: '{viewer{id}}', variables: 7 }],
    ['variables that are a list', { query: '{viewer{id}}', variables: [] }],
    ['extensions that are a text', { query: '{viewer{id}}', extensions: 'x' }],
    ['an operationName that is a number', { query: '{viewer{id}}', operationName: 7 }],
    [
      'an unknown operationName',
      { query: 'query A{viewer{id}} query B{viewer{id}}', operationName: 'C' },
    ],
    ['two operations without operationName', { query: 'query A{viewer{id}} query B{viewer{id}}' }],
    ['a query that is a list', { query: [] }],
    ['no query', {}],
    ['a list of requests', [{ query: '{viewer{id}}' }]],
  ])('is rejected with a code for %s', async (_, body) => {
    const { status, text } = await post(body, accept);
    expect(status).toBe(400);
    expect(text).toMatch(/"code":"(BAD_USER_INPUT|BAD_REQUEST)"/);
  });
});

it.each(['next', 'error', 'connection_ack'])(
  'closes with 4400 after %s, which only servers send',
  async (type) => {
    const socket = new WebSocket(
      `${shared.url.replace(/^http/, 'ws')}/graphql`,
      'graphql-transport-ws',
    );
    const closed = once(socket, 'close');
    await once(socket, 'open');
    socket.send(
      JSON.stringify({ type, id: '1', payload: type === 'error' ? [{ message: 'x' }] : {} }),
    );
    expect((await closed)[0]).toBe(4400);
  },
);

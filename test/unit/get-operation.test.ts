/** GET requests whose URL two parsers read in different ways. */
import express from 'express';
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Services } from '../../src/api/graphql/context.js';
import { createToClientError } from '../../src/api/graphql/errors.js';
import { createHttpEndpoint } from '../../src/api/graphql/http-endpoint.js';
import { MAX_FIELDS_OF_ONE_NAME } from '../../src/api/graphql/limits.js';
import { createLogger } from '../../src/runtime/pino-logger.js';

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: { a: { type: GraphQLString, resolve: () => 'executed' } },
  }),
});
const allowed = encodeURIComponent('{ a }');
const tooMany = encodeURIComponent(`{ ${'a '.repeat(MAX_FIELDS_OF_ONE_NAME + 1)} }`);

let server: Server;

beforeEach(async () => {
  const { router } = await createHttpEndpoint({
    schema,
    services: {} as Services,
    identity: { verify: () => Promise.reject(new Error('no token is sent')) },
    toClientError: createToClientError(createLogger({ level: 'silent', forTerminal: false })),
  });
  server = createServer(express().use('/graphql', router)).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => {
  server.close();
  server.closeAllConnections();
});

/** Sends the path as it is, unlike fetch. */
async function get(path: string): Promise<string> {
  const { port } = server.address() as AddressInfo;
  const headers = { 'apollo-require-preflight': 'true' };
  const message = request({ host: '127.0.0.1', port, path, headers }).end();
  const [response] = (await once(message, 'response')) as [IncomingMessage];
  return text(response);
}

it('executes an operation in the query string', async () => {
  expect(JSON.parse(await get(`/graphql?query=${allowed}`))).toEqual({ data: { a: 'executed' } });
});

it.each([
  ['alone', `query=${tooMany}`],
  ['after a second question mark', `x=?&query=${tooMany}`],
  ['before a fragment with another operation', `query=${tooMany}#&query=${allowed}`],
  ['in a fragment', `query=${allowed}#&query=${tooMany}`],
])('never executes an operation over the limits: %s', async (_, query) => {
  const body = await get(`/graphql?${query}`);
  expect(body).not.toContain('executed');
  expect(body).toContain('"errors"');
});

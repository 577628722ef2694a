/** The release of limits if a client disconnects while its token is checked. */
import express from 'express';
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Viewer } from '../../src/documents/ports.js';
import type { Services } from '../../src/api/graphql/context.js';
import { createToClientError } from '../../src/api/graphql/errors.js';
import { createHttpEndpoint } from '../../src/api/graphql/http-endpoint.js';
import { createErrorHandler } from '../../src/api/http/errors.js';
import { createRestRouter } from '../../src/api/rest/routes.js';
import { createClientLimits, type ClientLimits } from '../../src/rate-limit/client-limits.js';
import { createLogger } from '../../src/runtime/pino-logger.js';
import { eventually } from '../support/wait.js';

const logger = createLogger({ level: 'silent', forTerminal: false });
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: { a: { type: GraphQLString, resolve: () => 'a' } },
  }),
});
const ada: Viewer = { id: 'ada', email: null, isAdmin: false, expiresAt: null };

let http: Server;
let limits: ClientLimits;
let checked: PromiseWithResolvers<Viewer>;
let checks = 0;

beforeEach(async () => {
  checks = 0;
  checked = Promise.withResolvers();
  limits = createClientLimits({ uploadsPerUser: 2 });
  const identity = {
    verify: () => {
      checks += 1;
      return checked.promise;
    },
  };
  const endpoint = await createHttpEndpoint({
    schema,
    services: {} as Services,
    identity,
    limits,
    toClientError: createToClientError(logger),
  });
  const rest = createRestRouter({
    identity,
    limits,
    store: { find: () => Promise.resolve(null) },
    blobs: { read: () => Promise.reject(new Error('no files')) },
    uploadDocument: () => new Promise(() => undefined),
  });
  http = createServer(
    express().use('/graphql', endpoint.router).use('/api', rest).use(createErrorHandler(logger)),
  ).listen(0, '127.0.0.1');
  await once(http, 'listening');
});

afterEach(() => {
  http.close();
  http.closeAllConnections();
});

const urlOf = () => `http://127.0.0.1:${(http.address() as AddressInfo).port}`;

function send(path: string, headers: Record<string, string>): ReturnType<typeof request> {
  const sent = request(`${urlOf()}${path}`, {
    method: 'POST',
    headers: { authorization: 'Bearer x', 'content-length': '100', ...headers },
  });
  sent.on('error', () => undefined);
  sent.write('{"query":');
  return sent;
}

it.each([
  ['an upload', '/api/upload', { 'content-type': 'multipart/form-data; boundary=b' }],
  [
    'a GraphQL upload',
    '/graphql',
    { 'content-type': 'multipart/form-data; boundary=b', 'apollo-require-preflight': 'true' },
  ],
  ['a query', '/graphql', { 'content-type': 'application/json' }],
  ['a stream', '/graphql', { 'content-type': 'application/json', accept: 'text/event-stream' }],
])(
  'releases everything of %s whose client disconnects while its token is checked',
  async (_, path, headers) => {
    const sent = Array.from({ length: 30 }, () => send(path, headers));
    await eventually(() => checks === 30);
    for (const each of sent) each.destroy();
    await eventually(
      async () =>
        (await new Promise<number>((resolve, reject) =>
          http.getConnections((error, count) => (error ? reject(error) : resolve(count))),
        )) === 0,
    );
    checked.resolve(ada);
    await eventually(
      () =>
        limits.uploads.inUse() + limits.connections.inUse() + limits.subscriptions.inUse() === 0,
    );
    const headersOfJson = { authorization: 'Bearer x', 'content-type': 'application/json' };
    const responses = await Promise.all(
      Array.from({ length: 30 }, () =>
        fetch(`${urlOf()}/graphql`, {
          method: 'POST',
          headers: headersOfJson,
          body: '{"query":"{ a }"}',
        }),
      ),
    );
    expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 200));
  },
);

it('admits simultaneous uploads in turn, and rejects further ones while long uploads run', async () => {
  checked.resolve(ada);
  const multipart = { 'content-type': 'multipart/form-data; boundary=b' };
  const first = [send('/api/upload', multipart), send('/api/upload', multipart)];
  await eventually(() => limits.uploads.inUse() === 2);
  const third = limits.uploads.takeSoon('ada');
  first[0]?.destroy();
  (await third)();
  const fourth = limits.uploads.takeSoon('ada');
  (await fourth)();
  send('/api/upload', multipart);
  await eventually(() => limits.uploads.inUse() === 2);
  await expect(limits.uploads.takeSoon('ada')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  (await limits.uploads.takeSoon('eve'))();
});

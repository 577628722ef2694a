/** Requests that try to stop or to starve the service. They fail, and affect no other client. */
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { ask, gql, subscribe, type GraphqlError } from '../support/client.js';
import { countDocuments } from '../support/documents.js';
import { openPlainSocket, signIn } from '../support/plain-socket.js';
import { bearer, BOUNDARY, multipart, multipartHeaders, sendRaw } from '../support/rest.js';
import { shareProduct } from '../support/shared-product.js';
import { eventually, within } from '../support/wait.js';
import { refusalOf } from '../support/watch.js';

const CONNECTIONS = 12;
const shared = shareProduct({
  env: { LOG_LEVEL: 'info', CONNECTIONS_PER_USER: String(CONNECTIONS), UPLOADS_PER_USER: '4' },
});

/** A fault of a client must not be logged as an error of the service. */
afterEach(() => {
  expect(shared.product.logs()).not.toMatch(/"level":(50|60)/);
});

const UPLOAD = 'mutation ($file: Upload!) { uploadDocument(file: $file) { document { id } } }';
const FILE = { name: '0', filename: 'a.txt', content: 'Some text.' };

function uploadBody(operations: unknown, map: unknown): Buffer {
  return multipart([
    { name: 'operations', content: JSON.stringify(operations) },
    { name: 'map', content: JSON.stringify(map) },
    FILE,
  ]);
}

async function codesOf(
  response: Promise<{ status: number; text: string }>,
): Promise<{ status: number; codes: string[] }> {
  const { status, text } = await response;
  const { errors = [] } = JSON.parse(text) as { errors?: GraphqlError[] };
  return { status, codes: errors.map(({ extensions }) => extensions.code) };
}

function sendQuery(
  body: string | object,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return sendRaw(shared.url, {
    path: '/graphql',
    headers: { 'content-type': 'application/json', ...headers },
    body: text,
  });
}

describe('a multipart body', () => {
  it('is rejected with 401 and a challenge without a token, before it is parsed', async () => {
    const { authorization: _, ...headers } = multipartHeaders('dev:x');
    for (const token of [{}, { authorization: 'Bearer nobody' }]) {
      const sent = request(`${shared.url}/graphql`, {
        method: 'POST',
        headers: { ...headers, ...token, 'content-length': 1_000_000 },
      });
      sent.on('error', () => undefined);
      sent.flushHeaders();
      // No byte of the body was sent, so the response did not wait for it.
      const [response] = (await once(sent, 'response')) as [
        { statusCode: number; headers: Record<string, string> },
      ];
      expect(response.statusCode).toBe(401);
      expect(response.headers['www-authenticate']).toBe(
        'authorization' in token ? 'Bearer error="invalid_token"' : 'Bearer',
      );
      sent.destroy();
    }
  });

  it.each([
    'variables.hasOwnProperty.call',
    'variables.toString',
    'variables.constructor.prototype.x',
    'variables.__proto__.polluted',
    'variables.file.__proto__',
    'variables.list.push',
    'variables.list.0.toString.call',
    'variables.text.length',
    'variables.nothing',
    'variables',
    'query',
    'operationName',
    'extensions.x',
    'variables.file.',
    '.variables.file',
    'variables.list.-1',
    'variables.list.00000000000000000000',
    '',
  ])('is rejected if its map leads to "%s", with and without a token', async (path) => {
    const operations = {
      query: '{ __typename }',
      variables: { file: null, list: [{}, null], text: 'x' },
    };
    const body = uploadBody(operations, { 0: [path] });
    const signedIn = await codesOf(
      sendRaw(shared.url, { path: '/graphql', headers: multipartHeaders(shared.newUser()), body }),
    );
    expect(signedIn).toEqual({ status: 400, codes: ['BAD_USER_INPUT'] });
    const anonymous = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
    expect([400, 401]).toContain(
      (await sendRaw(shared.url, { path: '/graphql', headers: anonymous, body })).status,
    );
  });

  it.each([
    [
      'one file at two paths',
      { query: UPLOAD, variables: { file: null, other: null } },
      { 0: ['variables.file', 'variables.other'] },
    ],
    [
      'one file for two variables',
      {
        query:
          'mutation ($a: Upload!, $b: Upload!) { a: uploadDocument(file: $a) { document { id } } b: uploadDocument(file: $b) { document { id } } }',
        variables: { a: null, b: null },
      },
      { 0: ['variables.a', 'variables.b'] },
    ],
    [
      'one variable in two aliases',
      {
        query:
          'mutation ($a: Upload!) { a: uploadDocument(file: $a) { document { id } } b: uploadDocument(file: $a) { document { id } } }',
        variables: { a: null },
      },
      { 0: ['variables.a'] },
    ],
    [
      'one variable in two aliases of a fragment',
      {
        query:
          'mutation ($a: Upload!) { ...F b: uploadDocument(file: $a) { document { id } } } fragment F on Mutation { a: uploadDocument(file: $a) { document { id } } }',
        variables: { a: null },
      },
      { 0: ['variables.a'] },
    ],
    [
      'an upload beside another mutation',
      {
        query:
          'mutation ($a: Upload!) { uploadDocument(file: $a) { document { id } } deleteDocument(id: "3fa85f64-5717-4562-b3fc-2c963f66afa6") { id } }',
        variables: { a: null },
      },
      { 0: ['variables.a'] },
    ],
    [
      'a map of 10,000 paths',
      { query: UPLOAD, variables: { file: null } },
      { 0: Array.from({ length: 10_000 }, () => 'variables.file') },
    ],
    [
      'a path to a value that is not null',
      { query: UPLOAD, variables: { file: 'x' } },
      { 0: ['variables.file'] },
    ],
  ])('is rejected as a whole with %s', async (_, operations, map) => {
    const token = shared.newUser();
    const response = await codesOf(
      sendRaw(shared.url, {
        path: '/graphql',
        headers: multipartHeaders(token),
        body: uploadBody(operations, map),
      }),
    );
    expect(response).toEqual({ status: 400, codes: ['BAD_USER_INPUT'] });
    expect(await countDocuments(shared.url, token)).toEqual({});
  });

  it('is rejected with deeply nested operations', async () => {
    const operations = `{"query":"{__typename}","variables":${'['.repeat(50_000)}null${']'.repeat(50_000)}}`;
    const body = multipart([
      { name: 'operations', content: operations },
      { name: 'map', content: '{"0":["variables.0"]}' },
      FILE,
    ]);
    const response = await codesOf(
      sendRaw(shared.url, { path: '/graphql', headers: multipartHeaders(shared.newUser()), body }),
    );
    expect(response).toEqual({ status: 400, codes: ['BAD_USER_INPUT'] });
  });

  it('is rejected before it is read if the user has too many uploads', async () => {
    const token = shared.newUser();
    const open = Array.from({ length: 4 }, () => {
      const headers = {
        ...bearer(token),
        'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
        'content-length': 10_000_000,
      };
      const sent = request(`${shared.url}/api/documents/upload`, { method: 'POST', headers });
      sent.on('error', () => undefined);
      sent.write(
        `--${BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="slow.txt"\r\n\r\nslow `,
      );
      return sent;
    });
    const fifth = () =>
      sendRaw(shared.url, {
        path: '/api/documents/upload',
        headers: multipartHeaders(token),
        body: multipart([FILE]),
      });
    const refused = await eventually(async () => {
      const response = await fifth();
      return response.status === 429 && response;
    });
    expect(JSON.parse(refused.text)).toMatchObject({
      error: { code: 'RATE_LIMITED', limit: 4, retryAfterSeconds: 5 },
    });
    const other = await sendRaw(shared.url, {
      path: '/api/documents/upload',
      headers: multipartHeaders(shared.newUser()),
      body: multipart([FILE]),
    });
    expect(other.status).toBe(202);
    for (const sent of open) sent.destroy();
    await eventually(async () => (await fifth()).status === 202);
  });
});

describe('a deeply nested document returns 400 and no internal error', () => {
  const DEEP = 1_900;
  const nest = (open: string, inner: string, close: string, depth = DEEP) =>
    open.repeat(depth) + inner + close.repeat(depth);

  it.each([
    ['a list', `{ search(query: ${nest('[', '', ']')}) { score } }`],
    ['objects', `{ documents(filter: ${nest('{a:', '1', '}')}) { totalCount } }`],
    ['selections', nest('{ a ', '', '}')],
    ['a type', `query ($x: ${nest('[', 'ID', ']')}) { __typename }`],
    ['inline fragments', `{ ${nest('... { ', '__typename', ' }')} }`],
    ['a default value', `query ($x: ID = ${nest('[', '1', ']')}) { __typename }`],
    ['a directive argument', `{ __typename @include(if: ${nest('[', 'true', ']')}) }`],
    ['a list that is not closed', `{ search(query: ${'['.repeat(DEEP)}`],
    ['100,000 brackets', `{ a(b: ${'['.repeat(100_000)}`],
    ['100,000 braces', '{'.repeat(100_000)],
  ])('%s', async (_, query) => {
    for (const headers of [{}, bearer(shared.newUser())]) {
      expect(await codesOf(sendQuery({ query }, headers))).toEqual({
        status: 400,
        codes: ['GRAPHQL_PARSE_FAILED'],
      });
    }
    expect(await refusalOf(subscribe(shared.url, shared.newUser(), query))).toMatchObject([
      { code: 'GRAPHQL_PARSE_FAILED' },
    ]);
  });

  it.each([
    ['lists', (depth: number) => `${'['.repeat(depth)}1${']'.repeat(depth)}`],
    ['objects', (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`],
  ])('variables of %s', async (_, nested) => {
    const body = `{"query":"query ($f: DocumentFilter) { documents(filter: $f) { totalCount } }","variables":{"f":${nested(5_000)}}}`;
    const headers = bearer(shared.newUser());
    expect(await codesOf(sendQuery(body, headers))).toEqual({
      status: 400,
      codes: ['BAD_USER_INPUT'],
    });
    expect(await codesOf(sendQuery(body, { ...headers, accept: 'text/event-stream' }))).toEqual({
      status: 400,
      codes: ['BAD_USER_INPUT'],
    });
  });
});

describe('an operation over the limits is rejected before it runs', () => {
  const HISTORIES =
    'fragment F on DocumentConnection { edges { node { events(first: 500) { seq } } } }';
  const documents = (count: number) =>
    Array.from({ length: count }, (_, index) => `a${index}: documents(first: 100) { ...F }`).join(
      ' ',
    );
  const searches = (count: number) =>
    Array.from({ length: count }, (_, index) => `s${index}: search(query: "x") { score }`).join(
      ' ',
    );
  const DOCUMENTS: [string, string][] = [
    ['histories through a fragment', `{ ${documents(30)} } ${HISTORIES}`],
    ['one history of every document of a page', `{ ${documents(1)} } ${HISTORIES}`],
    ['four searches', `{ ${searches(4)} }`],
    [
      'searches through fragments',
      `{ ...A ...B } fragment A on Query { ${searches(2)} } fragment B on Query { b: search(query: "y") { score } c: search(query: "z") { score } }`,
    ],
    ['780 fields of one name', `{ ${'viewer { id } '.repeat(240)} }`],
    [
      'fields of one name in merged selections',
      `{ ${'documents { edges { node { id } node { id } } } '.repeat(19)} }`,
    ],
    [
      'fields of one name through fragments',
      `{ ${'...V '.repeat(21)} } fragment V on Query { viewer { id } }`,
    ],
    [
      'fragments with the same fields',
      `{ ${Array.from({ length: 45 }, (_, index) => `...F${index}`).join(' ')} } ${Array.from({ length: 45 }, (_, index) => `fragment F${index} on Query { viewer { id } }`).join(' ')}`,
    ],
    [
      '60 fragments',
      `{ viewer { id } } ${Array.from({ length: 60 }, (_, index) => `fragment F${index} on Query { viewer { id } }`).join(' ')}`,
    ],
    [
      'fragments that double 40 times',
      `{ ...F0 } ${Array.from({ length: 40 }, (_, index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`).join(' ')} fragment F40 on Query { viewer { id } }`,
    ],
    [
      'fragments that double 40 times and select nothing',
      `{ ...F0 } ${Array.from({ length: 40 }, (_, index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`).join(' ')}`,
    ],
    [
      'fragments in a circle',
      `{ ${Array.from({ length: 9 }, (_, index) => `...F${index}`).join(' ')} } ${Array.from({ length: 9 }, (_, index) => `fragment F${index} on Query { ${Array.from({ length: 9 }, (__, other) => `...F${other}`).join(' ')} }`).join(' ')}`,
    ],
    [
      '31 aliases of __typename',
      `{ ${Array.from({ length: 31 }, (_, index) => `a${index}: __typename`).join(' ')} }`,
    ],
    ['two introspections', '{ a: __schema { queryType { name } } __type(name: "Query") { name } }'],
    [
      'an introspection within an introspection',
      '{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }',
    ],
    ['six directives in one place', `{ viewer { id ${'@include(if: true) '.repeat(6)} } }`],
    [
      '11 operations',
      Array.from({ length: 11 }, (_, index) => `query Q${index} { viewer { id } }`).join(' '),
    ],
    [
      '51 variables',
      `query Q(${Array.from({ length: 51 }, (_, index) => `$v${index}: ID`).join(' ')}) { viewer { id } }`,
    ],
  ];

  it.each(DOCUMENTS)('%s', async (_, query) => {
    const token = shared.newUser();
    const refused = /^GRAPHQL_(VALIDATION|PARSE)_FAILED$/;
    for (const headers of [{}, bearer(token), { ...bearer(token), accept: 'text/event-stream' }]) {
      const { status, codes } = await codesOf(
        sendQuery({ query, operationName: query.includes('Q0') ? 'Q0' : undefined }, headers),
      );
      expect({ status, code: codes[0] }).toEqual({
        status: 400,
        code: expect.stringMatching(refused) as string,
      });
    }
    const address = `/graphql?query=${encodeURIComponent(query)}`;
    if (address.length < 15_000) {
      const byGet = await codesOf(
        sendRaw(shared.url, {
          path: address,
          method: 'GET',
          headers: { ...bearer(token), 'apollo-require-preflight': 'true' },
        }),
      );
      expect({ status: byGet.status, code: byGet.codes[0] }).toEqual({
        status: 400,
        code: expect.stringMatching(refused) as string,
      });
    }
    expect((await refusalOf(subscribe(shared.url, token, query)))[0]?.code).toMatch(refused);
  });

  it('counts the values and the defaults of variables', async () => {
    const query = `query ($first: Int = 100, $events: Int!) { documents(first: $first) { edges { node { events(first: $events) { seq } } } } }`;
    const token = shared.newUser();
    expect(
      (await ask(shared.url, token, query, { events: 500 })).errors[0]?.extensions,
    ).toMatchObject({
      code: 'GRAPHQL_VALIDATION_FAILED',
      limit: 20_000,
    });
    expect((await ask(shared.url, token, query, { events: 50 })).errors).toEqual([]);
  });

  it('allows three searches, and the introspection of common tools without a token', async () => {
    const { getIntrospectionQuery } = await import('graphql');
    expect((await ask(shared.url, shared.newUser(), `{ ${searches(3)} }`)).errors).toEqual([]);
    expect((await ask(shared.url, null, getIntrospectionQuery())).errors).toEqual([]);
  });
});

it('limits the repeated part of a name and the number of errors', async () => {
  const name = 'x'.repeat(100_000);
  const { status, text } = await sendQuery({ query: `{ ${name} viewer { ${name} } }` });
  expect(status).toBe(400);
  expect(text.length).toBeLessThan(5_000);
  const many = await sendQuery({
    query: `{ ${Array.from({ length: 200 }, (_, index) => `f${index}`).join(' ')} }`,
  });
  expect((JSON.parse(many.text) as { errors: object[] }).errors.length).toBeLessThanOrEqual(21);
});

it('names the limit for a request that is too large', async () => {
  const { status, text } = await sendQuery(
    { query: '{ viewer { id } }', variables: { x: 'x'.repeat(300_000) } },
    bearer(shared.newUser()),
  );
  expect(status).toBe(413);
  expect(JSON.parse(text)).toMatchObject({
    errors: [{ extensions: { code: 'REQUEST_TOO_LARGE', limit: 256 * 1024 } }],
  });
});

it.each([
  ['id', 'query ($v: ID!) { document(id: $v) { id } }', 'x'.repeat(201)],
  ['after', 'query ($v: String) { documents(after: $v) { totalCount } }', 'x'.repeat(201)],
  [
    'filename',
    'query ($v: String) { documents(filter: { filename: $v }) { totalCount } }',
    '%_\\'.repeat(60_000),
  ],
  [
    'status',
    'query ($v: [DocumentStatus!]) { documents(filter: { status: $v }) { totalCount } }',
    Array.from({ length: 8 }, () => 'PENDING'),
  ],
  [
    'documentIds',
    'query ($v: [ID!]) { search(query: "x", documentIds: $v) { score } }',
    Array.from({ length: 1_001 }, () => 'x'),
  ],
  [
    'documentIds',
    'query ($v: [ID!]) { search(query: "x", documentIds: $v) { score } }',
    ['x'.repeat(10_000)],
  ],
  [
    'documentId',
    'subscription ($v: ID) { documentStatus(documentId: $v) { seq } }',
    'x'.repeat(10_000),
  ],
])(
  'returns BAD_USER_INPUT with field and limit for a too long argument %s',
  async (field, query, v) => {
    const token = shared.newUser();
    const errors = query.startsWith('subscription')
      ? await refusalOf(subscribe(shared.url, token, query, { v }))
      : (await ask(shared.url, token, query, { v })).errors.map(({ extensions }) => extensions);
    expect(errors).toEqual([
      { code: 'BAD_USER_INPUT', field, limit: expect.any(Number) as number },
    ]);
  },
);

it('keeps running when clients reset their connection at any moment of a request', async () => {
  const token = shared.newUser();
  const whole = multipart([
    { name: 'file', filename: 'reset.txt', content: 'text '.repeat(20_000) },
  ]);
  const headers = [
    'POST /api/documents/upload HTTP/1.1',
    'Host: 127.0.0.1',
    `Authorization: Bearer ${token}`,
    `Content-Type: multipart/form-data; boundary=${BOUNDARY}`,
    `Content-Length: ${whole.length}`,
  ];
  const bytes = Buffer.concat([Buffer.from(`${headers.join('\r\n')}\r\n\r\n`), whole]);
  for (const share of [0.0005, 0.002, 0.01, 0.3, 0.7, 0.999]) {
    const socket = connect(shared.product.port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    await new Promise((resolve) =>
      socket.write(bytes.subarray(0, Math.ceil(bytes.length * share)), resolve),
    );
    await gql(shared.url, token, '{ viewer { id } }');
    socket.resetAndDestroy();
  }
  await eventually(
    async () =>
      (await shared.blobs()).length === 0 ||
      Object.keys(await countDocuments(shared.url, token)).length === 0,
  );
});

describe('a WebSocket', () => {
  const open = async (token: string) => {
    const socket = new WebSocket(
      `${shared.url.replace('http', 'ws')}/graphql`,
      'graphql-transport-ws',
    );
    const messages: { type: string; id?: string; payload?: GraphqlError[] }[] = [];
    socket.on('message', (data: Buffer) =>
      messages.push(JSON.parse(data.toString()) as (typeof messages)[number]),
    );
    socket.on('error', () => undefined);
    const closed = once(socket, 'close').then(([code]) => code as number);
    await once(socket, 'open');
    socket.send(
      JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }),
    );
    await Promise.race([
      closed,
      eventually(() => messages.some(({ type }) => type === 'connection_ack')),
    ]);
    return { socket, messages, closed };
  };

  it.each([
    ['pings', (_: number) => ({ type: 'ping', payload: { a: 'x'.repeat(400) } })],
    [
      'queries',
      (id: number) => ({
        id: `q${id}`,
        type: 'subscribe',
        payload: {
          query: '{ __schema { types { name description fields { name description } } } }',
        },
      }),
    ],
  ])(
    'is closed if its client sends %s and never reads, with bounded memory',
    async (_, message) => {
      const { socket, closed } = await open(shared.newUser());
      // The paused socket keeps everything in the buffers of both sides.
      socket.pause();
      const before = await residentMiB();
      let waited = 0;
      for (
        let sent = 0;
        sent < 40_000 && socket.readyState === socket.OPEN && socket.bufferedAmount < 4_000_000;
        sent += 1
      ) {
        socket.send(JSON.stringify(message(sent)));
        if (sent % 200 === 0) waited = Math.max(waited, await responseMs());
      }
      expect(waited).toBeLessThan(1_500);
      socket.terminate();
      await closed;
      expect((await residentMiB()) - before).toBeLessThan(256);
    },
  );

  it('is rejected with 1013 over the limit of a user, counted over both protocols and SSE', async () => {
    const token = shared.newUser();
    const plain = await Promise.all(
      Array.from({ length: CONNECTIONS / 2 }, () => signIn(shared.url, token)),
    );
    const graphql = await Promise.all(Array.from({ length: CONNECTIONS / 2 }, () => open(token)));
    expect(await (await open(token)).closed).toBe(1013);
    const tooMany = await openPlainSocket(shared.url);
    tooMany.send({ type: 'auth', token });
    expect(await tooMany.closed).toMatchObject({ code: 1013 });
    const sse = { ...bearer(token), accept: 'text/event-stream' };
    expect(
      (await codesOf(sendQuery({ query: 'subscription { documentStatus { seq } }' }, sse))).status,
    ).toBe(429);
    // Another user is admitted, and the same user after a connection has closed.
    (await signIn(shared.url, shared.newUser())).close();
    for (const { close } of plain) close();
    for (const { socket } of graphql) socket.terminate();
    await eventually(async () => {
      const again = await signIn(shared.url, token);
      again.close();
      return true;
    });
  });

  it('gets an error with the field at /ws, and may correct its message', async () => {
    const token = shared.newUser();
    const socket = await openPlainSocket(shared.url);
    socket.send({ type: 'auth', token, since: 'yesterday' });
    expect((await socket.until(({ type }) => type === 'error')).data).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'since',
    });
    socket.send({ type: 'auth', token: 7 });
    await socket.until(({ type, data }) => type === 'error' && data['field'] === 'token');
    socket.send({ type: 'auth', token });
    await socket.until(({ type }) => type === 'authenticated');
    socket.close();
  });

  it('is closed with 4400 at /ws if all its messages were invalid', async () => {
    const socket = await openPlainSocket(shared.url);
    socket.send({ type: 'auth', token: shared.newUser(), since: 'yesterday' });
    expect(await within(socket.closed, 10_000, 'the close')).toMatchObject({ code: 4400 });
  });
});

async function responseMs(): Promise<number> {
  const askedAt = performance.now();
  await (await fetch(`${shared.url}/healthz`)).text();
  return performance.now() - askedAt;
}

async function residentMiB(): Promise<number> {
  const text = await (await fetch(`${shared.url}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1] ?? 0) / 1024 ** 2;
}

import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { writeBombDocx } from '../corpus/make-bomb.js';
import {
  ask,
  askUpload,
  gql,
  subscribe,
  subscribeSse,
  upload,
  waitForStatus,
  type GraphqlError,
  type UploadFile,
} from '../support/client.js';
import { corpus } from '../support/corpus.js';
import {
  countDocuments,
  countUnfinished,
  search,
  SEARCH,
  uploadCompleted,
} from '../support/documents.js';
import {
  bearer,
  BOUNDARY,
  errorOf,
  getRest,
  multipart,
  multipartHeaders,
  sendRaw,
  uploadRest,
} from '../support/rest.js';
import { shareProduct, type SharedProduct } from '../support/shared-product.js';
import { eventually } from '../support/wait.js';
import { refusalOf } from '../support/watch.js';

const SMALL_LIMIT = 100_000;
const GIB = 1024 ** 3;
const UNKNOWN_ID = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
const FOREIGN = 'https://evil.example';
const FRIEND = 'https://app.example';

const shared = shareProduct({ env: { MAX_UPLOAD_BYTES: String(64 * 1024 * 1024) } });

interface Rejection {
  /** The status in REST. GraphQL responds to execution errors with 200. */
  httpStatus: number;
  code: string;
  field?: string;
  limit?: number;
}

type TryUpload = (
  url: string,
  token: string | null,
  file: UploadFile,
) => Promise<{ rejection: Rejection } | { id: string; filename: string }>;

async function tryGraphql(...[url, token, file]: Parameters<TryUpload>): ReturnType<TryUpload> {
  const { status, data, errors } = await askUpload(url, token, file);
  const [error] = errors;
  if (error) return { rejection: { httpStatus: status, ...error.extensions } };
  const { id = '', filename = '' } = data?.uploadDocument.document ?? {};
  return { id, filename };
}

async function tryRest(...[url, token, file]: Parameters<TryUpload>): ReturnType<TryUpload> {
  const response = await uploadRest(url, token, file);
  if (response.status !== 202)
    return { rejection: { httpStatus: response.status, ...errorOf(response) } };
  return { id: String(response.body['documentId']), filename: String(response.body['fileName']) };
}

/** Both upload APIs, and the HTTP status of each for an error that has `restStatus` in REST. */
const UPLOAD_APIS = [
  { api: 'GraphQL', tryUpload: tryGraphql, httpStatus: (_restStatus: number) => 200 },
  { api: 'REST', tryUpload: tryRest, httpStatus: (restStatus: number) => restStatus },
];

/** Expects that neither a file nor a row of this user is stored. */
async function expectNothingKept(
  token: string,
  blobsBefore: string[],
  { url, blobs }: SharedProduct = shared,
): Promise<void> {
  const newBlobs = async () => (await blobs()).filter((name) => !blobsBefore.includes(name));
  await eventually(async () => (await newBlobs()).length === 0, {
    what: 'no stored file that was not there before',
  });
  expect(await countDocuments(url, token)).toEqual({});
}

/** Returns the HTTP status of a rejected upgrade to WebSocket. */
async function rejectedUpgrade(
  path: string,
  headers: Record<string, string>,
  protocol?: string,
): Promise<number | undefined> {
  const socket = new WebSocket(`${shared.url.replace('http', 'ws')}${path}`, protocol ?? [], {
    headers,
  });
  socket.on('error', () => undefined);
  const [, response] = (await once(socket, 'unexpected-response')) as [
    unknown,
    { statusCode?: number },
  ];
  socket.terminate();
  return response.statusCode;
}

describe.each(UPLOAD_APIS)('an invalid file uploaded by $api', ({ tryUpload, httpStatus }) => {
  it.each([
    ['an empty file', { name: 'empty.txt', content: '' }, 400, 'EMPTY_FILE'],
    ['an empty file with the name of a PDF', { name: 'empty.pdf', content: '' }, 400, 'EMPTY_FILE'],
    [
      'a program',
      {
        name: 'a.txt',
        content: Buffer.from([
          0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe, 0x80,
        ]),
      },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
  ])('%s', async (_, file, restStatus, code) => {
    const token = shared.newUser();
    const before = await shared.blobs();
    expect(await tryUpload(shared.url, token, file)).toMatchObject({
      rejection: { code, httpStatus: httpStatus(restStatus) },
    });
    await expectNothingKept(token, before);
  });

  it('rejects a PNG with any name', async () => {
    const token = shared.newUser();
    const before = await shared.blobs();
    const rejection = { code: 'UNSUPPORTED_MEDIA_TYPE', httpStatus: httpStatus(415) };
    expect(await tryUpload(shared.url, token, await corpus('png-named.pdf'))).toMatchObject({
      rejection,
    });
    await expectNothingKept(token, before);
  });
});

describe('a product with a small upload limit and two more origins', () => {
  const small = shareProduct({
    env: { MAX_UPLOAD_BYTES: String(SMALL_LIMIT), CORS_ORIGIN: `${FRIEND},https://other.example` },
  });

  it.each(UPLOAD_APIS)(
    'rejects a file over the limit with FILE_TOO_LARGE by $api, and stores nothing',
    async ({ tryUpload, httpStatus }) => {
      const token = small.newUser();
      const before = await small.blobs();
      const rejection = { code: 'FILE_TOO_LARGE', limit: SMALL_LIMIT, httpStatus: httpStatus(413) };
      expect(
        await tryUpload(small.url, token, {
          name: 'large.txt',
          content: 'x'.repeat(SMALL_LIMIT + 1),
        }),
      ).toMatchObject({ rejection });
      await expectNothingKept(token, before, small);
    },
  );

  it.each(UPLOAD_APIS)(
    'rejects a file far over the limit by $api',
    async ({ tryUpload, httpStatus }) => {
      const token = small.newUser();
      const before = await small.blobs();
      const rejection = { code: 'FILE_TOO_LARGE', limit: SMALL_LIMIT, httpStatus: httpStatus(413) };
      expect(
        await tryUpload(small.url, token, { name: 'huge.txt', content: 'x'.repeat(20_000_000) }),
      ).toMatchObject({ rejection });
      await expectNothingKept(token, before, small);
    },
  );

  it.each(UPLOAD_APIS)('accepts a file of exactly the limit by $api', async ({ tryUpload }) => {
    const content = 'word '.repeat(SMALL_LIMIT).slice(0, SMALL_LIMIT);
    const token = small.newUser();
    const uploaded = await tryUpload(small.url, token, { name: 'exact.txt', content });
    expect(uploaded).toMatchObject({ filename: 'exact.txt' });
    await gql(
      small.url,
      token,
      'mutation Delete($id: ID!) { deleteDocument(id: $id) { id } }',
      'id' in uploaded ? { id: uploaded.id } : {},
    );
  });

  it('allows exactly the origins of CORS_ORIGIN', async () => {
    const headers = {
      ...bearer(small.newUser()),
      origin: FRIEND,
      'content-type': 'application/json',
    };
    const response = await fetch(`${small.url}/graphql`, {
      method: 'POST',
      headers,
      body: '{"query":"{ viewer { id } }"}',
    });
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([
      200,
      FRIEND,
    ]);
    const foreign = await sendRaw(small.url, {
      path: '/graphql',
      headers: { ...headers, origin: FOREIGN },
      body: '{"query":"{ viewer { id } }"}',
    });
    expect(foreign.status).toBe(403);
  });
});

describe('an upload that breaks off', () => {
  it.each([
    [
      '/graphql',
      [
        {
          name: 'operations',
          content: JSON.stringify({
            query: 'mutation ($file: Upload!) { uploadDocument(file: $file) { document { id } } }',
            variables: { file: null },
          }),
        },
        { name: 'map', content: '{"file":["variables.file"]}' },
      ],
    ],
    ['/api/documents/upload', []],
  ])('leaves neither file nor row at %s', async (path, fields) => {
    const token = shared.newUser();
    const before = await shared.blobs();
    const whole = multipart([
      ...fields,
      { name: 'file', filename: 'half.txt', content: 'half a text '.repeat(100_000) },
    ]);
    const sent = request(`${shared.url}${path}`, {
      method: 'POST',
      headers: { ...multipartHeaders(token), 'content-length': whole.length },
    });
    sent.on('error', () => undefined);
    sent.write(whole.subarray(0, whole.length / 2));
    await eventually(async () => (await shared.blobs()).length > before.length, {
      what: 'a file half written',
    });
    sent.destroy();
    await expectNothingKept(token, before);
  });

  it.each([
    ['/graphql', true],
    ['/api/documents/upload', false],
  ])(
    'returns BAD_USER_INPUT at %s for a body that ends before its boundary',
    async (path, isGraphql) => {
      const token = shared.newUser();
      const before = await shared.blobs();
      const fields = isGraphql ? uploadFields(['variables.file']) : [];
      const whole = multipart([
        ...fields,
        { name: 'file', filename: 'half.txt', content: 'half a text '.repeat(10_000) },
      ]);
      const { text } = await sendRaw(shared.url, {
        path,
        headers: multipartHeaders(token),
        body: whole.subarray(0, whole.length - 20_000),
      });
      expect(text).toContain('BAD_USER_INPUT');
      await expectNothingKept(token, before);
    },
  );
});

const UPLOAD =
  'mutation ($file: Upload!) { uploadDocument(file: $file) { document { id filename } } }';

function uploadFields(
  paths: string[],
  map: object = { file: paths },
): { name: string; content: string }[] {
  return [
    { name: 'operations', content: JSON.stringify({ query: UPLOAD, variables: { file: null } }) },
    { name: 'map', content: JSON.stringify(map) },
  ];
}

describe('an invalid GraphQL multipart request returns BAD_USER_INPUT and stores nothing', () => {
  const file = { name: 'file', filename: 'a.txt', content: 'Some text.' };
  const operations = uploadFields(['variables.file'])[0] ?? { name: '', content: '' };

  it.each([
    ['without a file', multipart(uploadFields(['variables.file']))],
    ['with two files of one name', multipart([...uploadFields(['variables.file']), file, file])],
    [
      'with two files for one Upload',
      multipart([
        ...uploadFields([], { file: ['variables.file'], other: ['variables.file'] }),
        file,
        { ...file, name: 'other' },
      ]),
    ],
    [
      'whose second file belongs to another variable',
      multipart([
        ...uploadFields([], { file: ['variables.file'], other: ['variables.other'] }),
        file,
        { ...file, name: 'other' },
      ]),
    ],
    ['whose map names nothing', multipart([...uploadFields(['variables.nothing.there']), file])],
    ['whose map is no JSON', multipart([operations, { name: 'map', content: '{' }, file])],
    ['whose map is a list', multipart([operations, { name: 'map', content: '[]' }, file])],
    [
      'whose operations are not JSON',
      multipart([{ name: 'operations', content: '{' }, { name: 'map', content: '{}' }, file]),
    ],
    [
      'whose file comes before the operations',
      multipart([file, ...uploadFields(['variables.file'])]),
    ],
    ['without a single part', Buffer.from(`--${BOUNDARY}--\r\n`)],
    ['that is empty', Buffer.alloc(0)],
    ['of noise', Buffer.from('\x00\xff--nothing like a multipart body\r\n\r\n', 'latin1')],
  ])('%s', async (_, body) => {
    const token = shared.newUser();
    const before = await shared.blobs();
    const { status, text } = await sendRaw(shared.url, {
      path: '/graphql',
      headers: multipartHeaders(token),
      body,
    });
    const { errors } = JSON.parse(text) as { errors: GraphqlError[] };
    expect([200, 400]).toContain(status);
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
    await expectNothingKept(token, before);
  });

  it('without a boundary in its header', async () => {
    const token = shared.newUser();
    const headers = { ...multipartHeaders(token), 'content-type': 'multipart/form-data' };
    const { status, text } = await sendRaw(shared.url, {
      path: '/graphql',
      headers,
      body: multipart(uploadFields(['variables.file'])),
    });
    expect(status).toBe(400);
    expect(text).toContain('BAD_USER_INPUT');
  });

  it('with a text in place of the file', async () => {
    const { errors } = await ask(shared.url, shared.newUser(), UPLOAD, { file: 'a text' });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
  });
});

describe('an invalid REST upload returns BAD_USER_INPUT and stores nothing', () => {
  const file = { name: 'file', filename: 'a.txt', content: 'Some text.' };

  it.each([
    ['without a file', multipart([{ name: 'priority', content: 'HIGH' }]), 'file'],
    ['without a single part', Buffer.from(`--${BOUNDARY}--\r\n`), 'file'],
    ['that is empty', Buffer.alloc(0), 'file'],
    ['of noise', Buffer.from('\x00\xff--nothing like a multipart body\r\n\r\n', 'latin1'), 'file'],
    [
      'with an unknown priority',
      multipart([file, { name: 'priority', content: 'URGENT' }]),
      'priority',
    ],
    [
      'with an invalid time',
      multipart([{ name: 'scheduledFor', content: 'soon' }, file]),
      'scheduledFor',
    ],
    [
      'with a time out of range',
      multipart([file, { name: 'scheduledFor', content: '+275760-09-13T00:00:00.000Z' }]),
      'scheduledFor',
    ],
    [
      'with a force other than true or false',
      multipart([file, { name: 'force', content: 'maybe' }]),
      'force',
    ],
  ])('%s', async (_, body, field) => {
    const token = shared.newUser();
    const before = await shared.blobs();
    const { status, text } = await sendRaw(shared.url, {
      path: '/api/documents/upload',
      headers: multipartHeaders(token),
      body,
    });
    expect({ status, ...(JSON.parse(text) as object) }).toMatchObject({
      status: 400,
      error: { code: 'BAD_USER_INPUT', field },
    });
    await expectNothingKept(token, before);
  });

  it.each([
    ['no multipart body', { 'content-type': 'application/json' }],
    ['a multipart body without a boundary', { 'content-type': 'multipart/form-data' }],
  ])('with %s', async (_, headers) => {
    const token = shared.newUser();
    const { status, text } = await sendRaw(shared.url, {
      path: '/api/documents/upload',
      headers: { ...bearer(token), ...headers },
      body: '{}',
    });
    expect({ status, ...(JSON.parse(text) as object) }).toMatchObject({
      status: 400,
      error: { code: 'BAD_USER_INPUT' },
    });
  });

  it('accepts the first of two files and ignores the second', async () => {
    const token = shared.newUser();
    const body = multipart([
      { name: 'one', filename: 'one.txt', content: 'The first of two files.' },
      { name: 'two', filename: 'two.txt', content: 'The second.' },
    ]);
    const { status, text } = await sendRaw(shared.url, {
      path: '/api/documents/upload',
      headers: multipartHeaders(token),
      body,
    });
    expect({ status, body: JSON.parse(text) as object }).toMatchObject({
      status: 202,
      body: { fileName: 'one.txt' },
    });
    const counts = await countDocuments(shared.url, token);
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(1);
  });
});

describe.each(UPLOAD_APIS)(
  'an unreadable file uploaded by $api is FAILED after one attempt',
  ({ tryUpload }) => {
    it.each([
      ['a PDF with a password', 'encrypted.pdf', 'ENCRYPTED'],
      ['a docx with a password', 'encrypted.docx', 'ENCRYPTED'],
      ['an odt with a password', 'encrypted.odt', 'ENCRYPTED'],
      ['a truncated PDF', 'truncated.pdf', 'CORRUPT'],
      ['a truncated docx', 'truncated.docx', 'CORRUPT'],
      ['a plain zip named .docx', 'plain-zip.docx', 'UNSUPPORTED_CONTENT'],
      ['a scan without text', 'scan.pdf', 'EMPTY_TEXT'],
      ['a thousand empty pages', 'empty-pages-1000.pdf', 'EMPTY_TEXT'],
      ['a text of nothing but blanks', 'blanks.txt', 'EMPTY_TEXT'],
    ])('%s (%s): %s', async (_, name, code) => {
      const token = shared.newUser();
      const file =
        name === 'blanks.txt' ? { name, content: ' \n\t\n'.repeat(1_000) } : await corpus(name);
      const uploaded = await tryUpload(shared.url, token, file);
      const id = 'id' in uploaded ? uploaded.id : '';
      const last = (await waitForStatus(shared.url, token, id, 'COMPLETED', 'FAILED')).at(-1);
      expect(last).toMatchObject({
        status: 'FAILED',
        attempt: 1,
        vectorCount: 0,
        error: { code, cause: null, retryable: false, stage: 'EXTRACTING' },
      });
      const { body } = await getRest(shared.url, token, `/api/documents/${id}/status`);
      expect(body).toMatchObject({ status: 'failed', error: last?.error?.message });
    });
  },
);

it('reads a PDF with only an owner password', async () => {
  const token = shared.newUser();
  const id = await uploadCompleted(shared.url, token, await corpus('owner-password.pdf'));
  const [hit] = await search(shared.url, token, { query: 'magma and eruptions of volcanoes' });
  expect(hit?.document.id).toBe(id);
});

it('fails a zip bomb in a docx with EXTRACTION_LIMIT while the API responds', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'docstream-bomb-'));
  const path = join(folder, 'bomb.docx');
  try {
    await writeBombDocx(path, { inflatedBytes: 3 * GIB, declaredBytes: 5_000 });
    const token = shared.newUser();
    const { document } = await upload(shared.url, token, {
      name: 'bomb.docx',
      content: await readFile(path),
    });
    const end = waitForStatus(shared.url, token, document.id, 'COMPLETED', 'FAILED');
    const waits: number[] = [];
    while ((await countUnfinished(shared.url, token)) > 0) {
      const askedAt = performance.now();
      await gql(shared.url, token, '{ documents { totalCount } }');
      waits.push(performance.now() - askedAt);
    }
    expect((await end).at(-1)).toMatchObject({
      status: 'FAILED',
      attempt: 1,
      error: { code: 'EXTRACTION_LIMIT', retryable: false },
    });
    expect(waits.length).toBeGreaterThan(0);
    expect(Math.max(...waits)).toBeLessThan(2_000);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

describe('the text of an unusual file is found', () => {
  it.each([
    [
      'with NUL bytes',
      'nul-bytes.txt',
      'tide table Dover',
      'High water at Dover: 04:12 and 16:40.',
    ],
    [
      'with lone surrogates',
      'lone-surrogates.txt',
      'lighthouse flashes',
      'the lighthouse flashes twice every ten seconds.',
    ],
    [
      'with escaped lone surrogates',
      'lone-surrogates.json',
      'lighthouse flashes',
      'flashes twice every ten seconds',
    ],
    [
      'with a byte order mark',
      'bom.txt',
      'oolong tea',
      'Green, oolong and black tea all come from the leaves of one shrub',
    ],
    [
      'in UTF-16',
      'utf16le.txt',
      'oolong tea',
      'Green, oolong and black tea all come from the leaves of one shrub',
    ],
    [
      'in UTF-16 with a byte order mark',
      'utf16be-bom.txt',
      'oolong tea',
      'Green, oolong and black tea all come from the leaves of one shrub',
    ],
    [
      'in Latin-1',
      'latin1.txt',
      'café crème',
      'Le café crème est servi à la façade sud. Die Straße führt über den Fluß. El niño comió piñas.',
    ],
  ])('%s', async (_, name, query, passage) => {
    const token = shared.newUser();
    await uploadCompleted(shared.url, token, await corpus(name));
    const [hit] = await search(shared.url, token, { query });
    expect(hit?.text).toContain(passage);
    expect(hit?.text).toMatch(/^[^\0\ufeff\ud800-\udfff]*$/);
  });
});

it.each(['0000-01-01T00:00:00.000Z', '1969-12-31T23:59:59.000Z'])(
  'processes a document scheduled for %s at once',
  async (scheduledFor) => {
    const token = shared.newUser();
    await uploadCompleted(shared.url, token, {
      name: 'past.txt',
      content: 'Long overdue.',
      options: { scheduledFor },
    });
    const response = await uploadRest(
      shared.url,
      token,
      { name: 'past.txt', content: 'Longer overdue.' },
      { after: { scheduledFor } },
    );
    expect(response.status).toBe(202);
  },
);

describe.each(UPLOAD_APIS)('a hostile file name is sanitised by $api', ({ tryUpload }) => {
  it.each([
    ['with slashes', '../../etc/passwd.txt', 'passwd.txt'],
    ['with backslashes', 'C:\\Windows\\system32\\notes.txt', 'notes.txt'],
    ['of dots', '../..', 'document'],
    ['of 500 characters', `${'a'.repeat(496)}.txt`, `${'a'.repeat(196)}.txt`],
    ['with emoji', '🌋 volcano 👩‍🔬.txt', '🌋 volcano 👩‍🔬.txt'],
    ['of 300 emoji', `${'🌋'.repeat(300)}.txt`, `${'🌋'.repeat(196)}.txt`],
    ['with right-to-left marks', 'invoice\u202etxt.exe\u200f.txt', 'invoicetxt.exe.txt'],
    ['of white space', '   ', 'document'],
    ['with what reads like a header', "a'; filename*=utf-8''b.txt", "a'; filename*=utf-8''b.txt"],
    ['in another script', 'документ.txt', 'документ.txt'],
  ])('%s', async (_, name, safe) => {
    const token = shared.newUser();
    const uploaded = await tryUpload(shared.url, token, {
      name,
      content: `The name of this file is hostile: ${encodeURIComponent(name)}`,
    });
    expect(uploaded).toMatchObject({ filename: safe });
    const id = 'id' in uploaded ? uploaded.id : '';
    const file = await fetch(`${shared.url}/api/documents/${id}/file`, { headers: bearer(token) });
    expect(file.status).toBe(200);
    expect(file.headers.get('content-disposition')).toMatch(/^attachment; filename/);
    await file.text();
  });
});

it.each(['/graphql', '/api/documents/upload'])(
  'rejects a file name with NUL in a part header with BAD_USER_INPUT at %s',
  async (path) => {
    const token = shared.newUser();
    const before = await shared.blobs();
    const fields = path === '/graphql' ? uploadFields(['variables.file']) : [];
    const body = multipart([
      ...fields,
      { name: 'file', filename: 'a\0b.txt', content: 'Some text.' },
    ]);
    expect(
      (await sendRaw(shared.url, { path, headers: multipartHeaders(token), body })).text,
    ).toContain('BAD_USER_INPUT');
    await expectNothingKept(token, before);
  },
);

it.each(['/graphql', '/api/documents/upload'])(
  'sanitises a file name with an encoded NUL at %s',
  async (path) => {
    const token = shared.newUser();
    const fields = path === '/graphql' ? uploadFields(['variables.file']) : [];
    const body = multipart([
      ...fields,
      { name: `file"; filename*=utf-8''a%00b%0d%0ac.txt; x="`, content: 'Some text.' },
    ]);
    expect(
      (await sendRaw(shared.url, { path, headers: multipartHeaders(token), body })).text,
    ).toContain('"abc.txt"');
  },
);

describe('a request without a valid token', () => {
  const ROOT_FIELDS = [
    'query { viewer { id } }',
    'query { limits { documents } }',
    `query { document(id: "${UNKNOWN_ID}") { id } }`,
    'query { documents { totalCount } }',
    'query { documentCounts { count } }',
    'query { search(query: "x") { text } }',
    `mutation { deleteDocument(id: "${UNKNOWN_ID}") { id } }`,
  ];
  const BAD_TOKENS = ['dev:', 'dev:two words', `dev:${'a'.repeat(65)}`, 'dev:a/b', 'x', ''];

  it.each(ROOT_FIELDS)('returns UNAUTHENTICATED for %s', async (query) => {
    expect(
      (await ask(shared.url, null, query)).errors.map(({ extensions }) => extensions.code),
    ).toEqual(['UNAUTHENTICATED']);
  });

  it.each(UPLOAD_APIS)(
    'rejects an upload by $api with 401 before its body is parsed, and stores nothing',
    async ({ tryUpload }) => {
      const before = await shared.blobs();
      const rejection = { code: 'UNAUTHENTICATED', httpStatus: 401 };
      expect(
        await tryUpload(shared.url, null, { name: 'a.txt', content: 'Some text.' }),
      ).toMatchObject({ rejection });
      expect(await shared.blobs()).toEqual(before);
    },
  );

  it.each(['status', 'file'])(
    'returns UNAUTHENTICATED for GET /api/documents/:id/%s',
    async (what) => {
      const response = await getRest(shared.url, null, `/api/documents/${UNKNOWN_ID}/${what}`);
      expect({ status: response.status, code: errorOf(response).code }).toEqual({
        status: 401,
        code: 'UNAUTHENTICATED',
      });
    },
  );

  it.each(BAD_TOKENS)('returns UNAUTHENTICATED for the token "%s"', async (token) => {
    expect((await ask(shared.url, token, '{ viewer { id } }')).errors[0]?.extensions.code).toBe(
      'UNAUTHENTICATED',
    );
    expect((await getRest(shared.url, token, `/api/documents/${UNKNOWN_ID}/status`)).status).toBe(
      401,
    );
  });

  it('returns UNAUTHENTICATED for a subscription over SSE', async () => {
    expect(
      await refusalOf(subscribeSse(shared.url, null, 'subscription { documentStatus { seq } }')),
    ).toMatchObject([{ code: 'UNAUTHENTICATED' }]);
  });
});

describe('the Origin header', () => {
  it.each([FOREIGN, 'null', 'http://localhost.evil.example', 'http://127.0.0.1:1'])(
    'rejects %s over HTTP',
    async (origin) => {
      const token = shared.newUser();
      for (const [path, body] of [
        ['/graphql', '{"query":"{ viewer { id } }"}'],
        ['/api/documents/upload', ''],
      ] as const) {
        const headers = { ...bearer(token), origin, 'content-type': 'application/json' };
        const { status, text } = await sendRaw(shared.url, { path, headers, body });
        expect({ path, status, text }).toEqual({
          path,
          status: 403,
          text: expect.stringContaining('FORBIDDEN') as string,
        });
      }
    },
  );

  it.each([
    ['/graphql', 'graphql-transport-ws'],
    ['/ws', undefined],
  ])('rejects a foreign value over the WebSocket %s', async (path, protocol) => {
    expect(await rejectedUpgrade(path, { origin: FOREIGN }, protocol)).toBe(403);
  });

  it('rejects an origin similar to the own one over HTTP and both WebSockets', async () => {
    const { host } = new URL(shared.url);
    for (const origin of [
      `foo://${host}`,
      `https://${host}`,
      `http://evil.com@${host}`,
      `http://${host}/`,
      `HTTP://${host}`,
    ]) {
      const headers = {
        ...bearer(shared.newUser()),
        origin,
        'content-type': 'application/json',
        'x-forwarded-proto': 'https',
      };
      const { status } = await sendRaw(shared.url, {
        path: '/graphql',
        headers,
        body: '{"query":"{ viewer { id } }"}',
      });
      const upgrades = [
        await rejectedUpgrade('/graphql', { origin }, 'graphql-transport-ws'),
        await rejectedUpgrade('/ws', { origin }),
      ];
      expect({ origin, status, upgrades }).toEqual({ origin, status: 403, upgrades: [403, 403] });
    }
  });

  it('allows the own origin', async () => {
    const { host } = new URL(shared.url);
    const headers = {
      ...bearer(shared.newUser()),
      origin: `http://${host}`,
      'content-type': 'application/json',
    };
    expect(
      (
        await sendRaw(shared.url, {
          path: '/graphql',
          headers,
          body: '{"query":"{ viewer { id } }"}',
        })
      ).status,
    ).toBe(200);
  });
});

describe('the Host header', () => {
  const HOSTS = [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example:80',
    '169.254.1.1',
    'x y',
  ];

  it.each(HOSTS)('rejects "%s" over HTTP', async (host) => {
    const headers = { ...bearer(shared.newUser()), host, 'content-type': 'application/json' };
    const { status, text } = await sendRaw(shared.url, {
      path: '/graphql',
      headers,
      body: '{"query":"{ viewer { id } }"}',
    });
    expect({ status, text }).toEqual({
      status: 403,
      text: expect.stringContaining('FORBIDDEN') as string,
    });
  });

  it.each(['/graphql', '/ws'])('rejects a foreign value over the WebSocket %s', async (path) => {
    expect(
      await rejectedUpgrade(
        path,
        { host: 'evil.example' },
        path === '/graphql' ? 'graphql-transport-ws' : undefined,
      ),
    ).toBe(403);
  });

  it.each(['localhost:4000', '[::1]', '127.0.0.1'])('allows "%s"', async (host) => {
    const headers = { ...bearer(shared.newUser()), host, 'content-type': 'application/json' };
    expect(
      (
        await sendRaw(shared.url, {
          path: '/graphql',
          headers,
          body: '{"query":"{ viewer { id } }"}',
        })
      ).status,
    ).toBe(200);
  });
});

describe('the id of another user gets the same response as an unknown id', () => {
  let id = '';

  beforeAll(async () => {
    const owner = 'dev:owner-of-the-secret';
    id = await uploadCompleted(shared.url, owner, {
      name: 'secret.txt',
      content: 'The vault of the bank opens at nine.',
    });
  });

  it.each([
    ['document', 'query ($id: ID!) { document(id: $id) { id filename status events { seq } } }'],
    ['deleteDocument', 'mutation ($id: ID!) { deleteDocument(id: $id) { id } }'],
    [
      'search',
      'query ($id: ID!) { search(query: "vault of the bank", documentIds: [$id]) { text } }',
    ],
    [
      'the document beside documents',
      'query ($id: ID!) { documents { totalCount edges { node { id } } } document(id: $id) { id } }',
    ],
  ])('%s', async (_, query) => {
    const token = shared.newUser();
    const foreign = await ask(shared.url, token, query, { id });
    expect(foreign).toEqual(await ask(shared.url, token, query, { id: UNKNOWN_ID }));
    expect(JSON.stringify(foreign)).not.toContain('vault');
  });

  it.each([
    ['graphql-ws', subscribe],
    ['SSE', subscribeSse],
  ])('documentStatus over %s', async (_, watch) => {
    const token = shared.newUser();
    const query = 'subscription ($id: ID!) { documentStatus(documentId: $id) { seq status } }';
    const foreign = await refusalOf(watch(shared.url, token, query, { id }));
    expect(foreign).toEqual([{ code: 'DOCUMENT_NOT_FOUND' }]);
    for (const none of [UNKNOWN_ID, 'no id at all'])
      expect(await refusalOf(watch(shared.url, token, query, { id: none }))).toEqual(foreign);
  });

  it.each(['status', 'file'])('GET /api/documents/:id/%s', async (what) => {
    const token = shared.newUser();
    const [foreign, unknown, malformed] = await Promise.all(
      [id, UNKNOWN_ID, "'%20or%201=1"].map((one) =>
        getRest(shared.url, token, `/api/documents/${one}/${what}`),
      ),
    );
    expect({ status: foreign?.status, body: foreign?.body }).toMatchObject({
      status: 404,
      body: { error: { code: 'DOCUMENT_NOT_FOUND' } },
    });
    expect(unknown?.body).toEqual(foreign?.body);
    expect(malformed?.body).toEqual(foreign?.body);
  });

  it('keeps the document for its owner', async () => {
    const { document } = await gql<{ document: object }>(
      shared.url,
      'dev:owner-of-the-secret',
      'query ($id: ID!) { document(id: $id) { status } }',
      { id },
    );
    expect(document).toEqual({ status: 'COMPLETED' });
  });
});

describe('a query over the limits is rejected before it runs', () => {
  const DEEP = `{ __type(name: "Query") { ${'ofType { '.repeat(50)} name ${'} '.repeat(50)} } }`;
  const DEEP_DOCUMENT = `{ documents { edges { node { ${'events { document { '.repeat(24)} id ${'} } '.repeat(24)} } } } }`;
  const ALIASED = `{ ${Array.from({ length: 1_000 }, (_, index) => `a${index}: viewer { id }`).join(' ')} }`;
  const FEWER_ALIASES = `{ ${Array.from({ length: 100 }, (_, index) => `a${index}: viewer { id }`).join(' ')} }`;
  const QUERIES = [
    ['50 levels deep', DEEP_DOCUMENT],
    ['50 levels deep in its introspection', DEEP],
    ['with 1,000 aliases', ALIASED],
    ['with 100 aliases', FEWER_ALIASES],
  ] as const;
  const REFUSED = /^GRAPHQL_(VALIDATION|PARSE)_FAILED$/;

  it.each(QUERIES)('rejects %s over HTTP', async (_, query) => {
    const { status, data, errors } = await ask(shared.url, shared.newUser(), query);
    expect({ status, data }).toEqual({ status: 400, data: null });
    expect(errors[0]?.extensions.code).toMatch(REFUSED);
  });

  it.each(QUERIES)('rejects %s over the WebSocket', async (_, query) => {
    expect((await refusalOf(subscribe(shared.url, shared.newUser(), query)))[0]?.code).toMatch(
      REFUSED,
    );
  });

  it.each(QUERIES)('rejects %s over SSE', async (_, query) => {
    const headers = {
      ...bearer(shared.newUser()),
      accept: 'text/event-stream',
      'content-type': 'application/json',
    };
    const { status, text } = await sendRaw(shared.url, {
      path: '/graphql',
      headers,
      body: JSON.stringify({ query }),
    });
    expect({ status, text }).toEqual({
      status: 400,
      text: expect.stringMatching(/GRAPHQL_(VALIDATION|PARSE)_FAILED/) as string,
    });
  });

  it.each(['application/json', 'text/event-stream'])(
    'rejects 10 MB of query text over HTTP, accepting %s',
    async (accept) => {
      const headers = { ...bearer(shared.newUser()), accept, 'content-type': 'application/json' };
      const body = JSON.stringify({ query: `{ viewer { ${'id '.repeat(3_500_000)} } }` });
      const { status, text } = await sendRaw(shared.url, { path: '/graphql', headers, body });
      expect({ status, text }).toEqual({
        status: 413,
        text: expect.stringContaining('"code":"REQUEST_TOO_LARGE"') as string,
      });
    },
  );

  it('rejects 10 MB of query text in the operations of a multipart request', async () => {
    const operations = {
      name: 'operations',
      content: JSON.stringify({ query: `{ viewer { ${'id '.repeat(3_500_000)} } }` }),
    };
    const body = multipart([operations, { name: 'map', content: '{}' }]);
    const { status, text } = await sendRaw(shared.url, {
      path: '/graphql',
      headers: multipartHeaders(shared.newUser()),
      body,
    });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(text).toContain('"errors"');
  });

  it('closes the WebSocket with 1009 after 10 MB of query text', async () => {
    const socket = new WebSocket(
      `${shared.url.replace('http', 'ws')}/graphql`,
      'graphql-transport-ws',
    );
    await once(socket, 'open');
    socket.send(
      JSON.stringify({ type: 'connection_init', payload: { query: 'id '.repeat(3_500_000) } }),
    );
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(1009);
  });
});

describe('an argument out of range returns BAD_USER_INPUT with the field', () => {
  const FILTER = 'query ($filter: DocumentFilter) { documents(filter: $filter) { totalCount } }';
  const CURSOR = 'query ($after: String) { documents(after: $after) { totalCount } }';

  it.each([
    [
      'a page of a million documents',
      '{ documents(first: 1000000) { totalCount } }',
      {},
      { field: 'first', limit: 100 },
    ],
    ['a page of none', '{ documents(first: 0) { totalCount } }', {}, { field: 'first' }],
    ['a page of -1 documents', '{ documents(first: -1) { totalCount } }', {}, { field: 'first' }],
    ['a million hits', SEARCH, { query: 'x', first: 1_000_000 }, { field: 'first', limit: 100 }],
    ['a broken cursor', CURSOR, { after: 'broken' }, { field: 'after' }],
    ['an empty cursor', CURSOR, { after: '' }, { field: 'after' }],
    [
      'a cursor with an injection',
      CURSOR,
      { after: Buffer.from("2024-01-01T00:00:00.000Z ' or 1=1").toString('base64url') },
      { field: 'after' },
    ],
    [
      'a cursor with a time that PostgreSQL rejects',
      CURSOR,
      { after: Buffer.from(`-271821-04-20T00:00:00.000Z ${UNKNOWN_ID}`).toString('base64url') },
      { field: 'after' },
    ],
    ['a search for nothing', SEARCH, { query: '' }, { field: 'query' }],
    ['a search for blanks', SEARCH, { query: ' \n ' }, { field: 'query' }],
    [
      'a filter of 100,000 characters',
      FILTER,
      { filter: { filename: 'x'.repeat(100_000) } },
      { field: 'filename', limit: 200 },
    ],
    [
      'a search for 100,000 characters',
      SEARCH,
      { query: 'x'.repeat(100_000) },
      { field: 'query', limit: 2_000 },
    ],
  ])('%s', async (_, query, variables, named) => {
    const { data, errors } = await ask(shared.url, shared.newUser(), query, variables);
    expect(data).toBeNull();
    expect(errors.map(({ extensions }) => extensions)).toEqual([
      expect.objectContaining({ code: 'BAD_USER_INPUT', ...named }),
    ]);
  });

  it.each([
    ['a number for a text', SEARCH, { query: 1 }],
    ['an unknown search mode', SEARCH, { query: 'x', mode: 'MAGIC' }],
    [
      'an unknown variable type',
      'query ($first: Int!) { documents(first: $first) { totalCount } }',
      { first: 'many' },
    ],
  ])('returns BAD_USER_INPUT for %s', async (_, query, variables) => {
    const { errors } = await ask(shared.url, shared.newUser(), query, variables);
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
  });

  it.each([
    ...['%', '_', '\\', "' or 1=1 --", '\0', '\ud800', 'a & b | !c :*', '<->'].map(
      (query) => [JSON.stringify(query), query] as const,
    ),
    ['a thousand emoji', '🌋'.repeat(1_000)] as const,
  ])('returns no error for a search for %s', async (_, query) => {
    const token = shared.newUser();
    for (const mode of ['HYBRID', 'KEYWORD', 'SEMANTIC']) {
      const { errors } = await ask(shared.url, token, SEARCH, { query, mode });
      expect(errors.filter(({ extensions }) => extensions.code !== 'BAD_USER_INPUT')).toEqual([]);
    }
  });

  it.each(
    ['%', '_', '\\', "' or 1=1 --", '\0', '\ud800'].map(
      (filename) => [JSON.stringify(filename), filename] as const,
    ),
  )('finds nothing for the file name filter %s', async (_, filename) => {
    const token = shared.newUser();
    const uploaded = await upload(shared.url, token, {
      name: 'plain.txt',
      content: 'A plain name.',
    });
    const query = 'query ($filter: DocumentFilter) { documents(filter: $filter) { totalCount } }';
    const { data, errors } = await ask<{ documents: object }>(shared.url, token, query, {
      filter: { filename },
    });
    expect({ data, errors }).toEqual({ data: { documents: { totalCount: 0 } }, errors: [] });
    expect(uploaded.duplicateOf).toBeNull();
  });
});

describe('a request that a foreign page can send without a preflight is rejected', () => {
  it('rejects a multipart upload without the header Apollo-Require-Preflight', async () => {
    const token = shared.newUser();
    const before = await shared.blobs();
    const { 'apollo-require-preflight': _, ...headers } = multipartHeaders(token);
    const body = multipart([
      ...uploadFields(['variables.file']),
      { name: 'file', filename: 'a.txt', content: 'Some text.' },
    ]);
    const { status, text } = await sendRaw(shared.url, { path: '/graphql', headers, body });
    expect({ status, text }).toEqual({
      status: 400,
      text: expect.stringContaining('CSRF') as string,
    });
    await expectNothingKept(token, before);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded'])(
    'rejects a POST of %s',
    async (type) => {
      const headers = { ...bearer(shared.newUser()), 'content-type': type };
      const { status } = await sendRaw(shared.url, {
        path: '/graphql',
        headers,
        body: '{"query":"{ viewer { id } }"}',
      });
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
    },
  );

  it('rejects a GET', async () => {
    const path = `/graphql?query=${encodeURIComponent('{ viewer { id } }')}`;
    expect(
      (await sendRaw(shared.url, { path, method: 'GET', headers: bearer(shared.newUser()) }))
        .status,
    ).toBe(400);
  });

  it('rejects a mutation by GET, also with the header', async () => {
    const path = `/graphql?query=${encodeURIComponent(`mutation { deleteDocument(id: "${UNKNOWN_ID}") { id } }`)}`;
    const headers = { ...bearer(shared.newUser()), 'apollo-require-preflight': 'true' };
    expect((await sendRaw(shared.url, { path, method: 'GET', headers })).status).toBe(405);
  });
});

it('returns BAD_USER_INPUT for a body that is not JSON', async () => {
  const headers = { ...bearer(shared.newUser()), 'content-type': 'application/json' };
  const { status, text } = await sendRaw(shared.url, { path: '/graphql', headers, body: '{' });
  expect({ status, text }).toEqual({
    status: 400,
    text: expect.stringContaining('BAD_USER_INPUT') as string,
  });
});

it('returns 404 with an error body for an unknown path', async () => {
  const response = await getRest(shared.url, shared.newUser(), '/api/nothing');
  expect(response.status).toBe(404);
  expect(errorOf(response).code).toBeDefined();
});

it('returns 400 for a path that cannot be decoded', async () => {
  expect(
    (
      await sendRaw(shared.url, {
        path: '/api/documents/%E0%A4%A/status',
        method: 'GET',
        headers: bearer(shared.newUser()),
      })
    ).status,
  ).toBe(400);
});

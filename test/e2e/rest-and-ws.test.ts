import { gql, upload, waitForStatus } from '../support/client.js';
import { corpus } from '../support/corpus.js';
import { longText, uploadCompleted, uploadFailed } from '../support/documents.js';
import { openPlainSocket, signIn, type PlainMessage } from '../support/plain-socket.js';
import { errorOf, getRest, uploadRest } from '../support/rest.js';
import { shareProduct } from '../support/shared-product.js';

const shared = shareProduct();

const text = (content: string, name = 'note.txt') => ({ name, content });
const later = () => new Date(Date.now() + 3_600_000).toISOString();
const soon = () => new Date(Date.now() + 700).toISOString();

async function remove(token: string, id: string): Promise<void> {
  await gql(shared.url, token, 'mutation ($id: ID!) { deleteDocument(id: $id) { id } }', { id });
}

async function statusOf(token: string, id: string): Promise<Record<string, unknown>> {
  const { status, body } = await getRest(shared.url, token, `/api/documents/${id}/status`);
  expect(status).toBe(200);
  return body;
}

const idOf = ({ body }: { body: Record<string, unknown> }): string => String(body['documentId']);

describe('POST /api/documents/upload', () => {
  it('responds with 202 and exactly the fields of the contract', async () => {
    const token = shared.newUser();
    const response = await uploadRest(shared.url, token, text('By REST.'));
    expect(response.status).toBe(202);
    expect(response.body).toEqual({
      documentId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      fileName: 'note.txt',
      fileSize: 8,
      status: 'queued_for_processing',
      jobId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      message: expect.any(String) as string,
    });
    await waitForStatus(shared.url, token, idOf(response), 'COMPLETED');
  });

  it.each(['file', 'document', 'upload', 'какой-то файл', ''])(
    'accepts the file part named "%s"',
    async (part) => {
      const token = shared.newUser();
      expect(
        (await uploadRest(shared.url, token, text(`A part named ${part}.`), { part })).status,
      ).toBe(202);
    },
  );

  it.each(['before', 'after'])('applies options %s the file', async (place) => {
    const token = shared.newUser();
    const scheduledFor = later();
    const response = await uploadRest(shared.url, token, text('With options.'), {
      [place]: { priority: 'high', scheduledFor, force: 'true' },
    });
    const { document } = await gql<{ document: object }>(
      shared.url,
      token,
      'query ($id: ID!) { document(id: $id) { priority scheduledFor status } }',
      { id: idOf(response) },
    );
    expect(document).toEqual({ priority: 'HIGH', scheduledFor, status: 'PENDING' });
    await remove(token, idOf(response));
  });

  it('ignores unknown fields', async () => {
    expect(
      (
        await uploadRest(shared.url, shared.newUser(), text('With more.'), {
          before: { userId: 'somebody-else', x: '1' },
        })
      ).status,
    ).toBe(202);
  });

  it('returns the duplicate and its status', async () => {
    const token = shared.newUser();
    const id = await uploadCompleted(shared.url, token, text('Sent twice.', 'once.txt'));
    const again = await uploadRest(shared.url, token, text('Sent twice.', 'twice.txt'));
    expect(again).toMatchObject({
      status: 202,
      body: { documentId: id, duplicateOf: id, fileName: 'once.txt', status: 'completed' },
    });
  });

  it('creates another document with force', async () => {
    const token = shared.newUser();
    const id = await uploadCompleted(shared.url, token, text('Forced.'));
    const again = await uploadRest(shared.url, token, text('Forced.'), {
      after: { force: 'true' },
    });
    expect(again.body).toMatchObject({ status: 'queued_for_processing' });
    expect(again.body).not.toHaveProperty('duplicateOf');
    expect(idOf(again)).not.toBe(id);
  });
});

describe('GET /api/documents/:id/status', () => {
  it('is pending before the first attempt', async () => {
    const token = shared.newUser();
    const { document } = await upload(shared.url, token, {
      ...text('Pending.'),
      options: { scheduledFor: later() },
    });
    expect(await statusOf(token, document.id)).toEqual({
      documentId: document.id,
      filename: 'note.txt',
      status: 'pending',
      error: null,
      createdAt: expect.stringMatching(/Z$/) as string,
      startedAt: null,
      completedAt: null,
    });
    await remove(token, document.id);
  });

  it('is completed, with all times', async () => {
    const token = shared.newUser();
    const id = await uploadCompleted(shared.url, token, text('Completed.'));
    const { startedAt, completedAt, ...body } = await statusOf(token, id);
    expect(body).toMatchObject({ documentId: id, status: 'completed', error: null });
    expect(Date.parse(String(completedAt))).toBeGreaterThanOrEqual(Date.parse(String(startedAt)));
  });

  it('is failed, with an error text', async () => {
    const token = shared.newUser();
    const response = await uploadRest(shared.url, token, await corpus('encrypted.pdf'));
    const last = (await waitForStatus(shared.url, token, idOf(response), 'FAILED')).at(-1);
    expect(await statusOf(token, idOf(response))).toMatchObject({
      status: 'failed',
      error: last?.error?.message,
    });
  });

  it('is processing during an attempt', async () => {
    const token = shared.newUser();
    const response = await uploadRest(shared.url, token, text(longText(40, 'processing')));
    await waitForStatus(shared.url, token, idOf(response), 'VECTORIZING');
    expect(await statusOf(token, idOf(response))).toMatchObject({
      status: 'processing',
      error: null,
      completedAt: null,
    });
    await remove(token, idOf(response));
  });

  it('is not cached', async () => {
    const token = shared.newUser();
    const id = await uploadCompleted(shared.url, token, text('Fresh.'));
    expect(
      (await getRest(shared.url, token, `/api/documents/${id}/status`)).headers.get(
        'cache-control',
      ),
    ).toBe('no-store');
  });
});

describe('errors of REST', () => {
  it('have a code, a message and no stack', async () => {
    const response = await uploadRest(shared.url, shared.newUser(), text(''));
    expect(response).toMatchObject({
      status: 400,
      body: { error: { code: 'EMPTY_FILE', message: expect.any(String) as string } },
    });
    expect(JSON.stringify(response.body)).not.toContain('    at ');
  });

  it('name the field', async () => {
    const response = await uploadRest(shared.url, shared.newUser(), text('x'), {
      before: { priority: 'URGENT' },
    });
    expect(errorOf(response)).toMatchObject({ code: 'BAD_USER_INPUT', field: 'priority' });
  });
});

describe('the sign-in at /ws', () => {
  it('succeeds with a token', async () => {
    const socket = await signIn(shared.url, shared.newUser());
    expect(socket.received[0]).toEqual({ type: 'authenticated' });
    socket.close();
  });

  it('closes with 4401 without a token after 5 s', async () => {
    const socket = await openPlainSocket(shared.url);
    const openedAt = performance.now();
    expect((await socket.closed).code).toBe(4401);
    expect(performance.now() - openedAt).toBeGreaterThan(4_000);
    expect(socket.received).toEqual([
      { type: 'error', data: { code: 'UNAUTHENTICATED', message: expect.any(String) as string } },
    ]);
  });

  it('is not replaced by a ping', async () => {
    const socket = await openPlainSocket(shared.url);
    socket.send({ type: 'ping' });
    await socket.until(({ type }) => type === 'pong');
    expect((await socket.closed).code).toBe(4401);
  });

  it.each([
    'nonsense',
    '',
    'dev:',
    'dev:two words',
    `dev:${'a'.repeat(65)}`,
    'Bearer dev:somebody',
  ])('rejects the token "%s" with an error and 4401', async (token) => {
    const socket = await openPlainSocket(shared.url);
    socket.send({ type: 'auth', token });
    expect((await socket.closed).code).toBe(4401);
    expect(socket.received.map(({ type, data }) => [type, data['code']])).toEqual([
      ['error', 'UNAUTHENTICATED'],
    ]);
  });

  it('rejects a second auth with an error, and keeps the first', async () => {
    const token = shared.newUser();
    const socket = await signIn(shared.url, token);
    socket.send({ type: 'auth', token: shared.newUser('other') });
    const error = await socket.until(({ type }) => type === 'error');
    expect(error.data['code']).toBe('BAD_USER_INPUT');
    const id = await uploadCompleted(shared.url, token, text('Still mine.'));
    await socket.until(isEndOf(id));
    socket.close();
  });

  it('accepts one of two simultaneous auth messages', async () => {
    const token = shared.newUser();
    const socket = await openPlainSocket(shared.url);
    socket.send({ type: 'auth', token });
    socket.send({ type: 'auth', token });
    await socket.until(({ type }) => type === 'error');
    await socket.until(({ type }) => type === 'authenticated');
    expect(socket.received.filter(({ type }) => type === 'authenticated')).toHaveLength(1);
    socket.close();
  });
});

describe('a message at /ws', () => {
  it('gets pong for ping', async () => {
    const socket = await signIn(shared.url, shared.newUser());
    socket.send({ type: 'ping' });
    expect(await socket.until(({ type }) => type === 'pong')).toEqual({ type: 'pong' });
    socket.close();
  });

  it.each([
    ['garbage', 'garbage'],
    ['an empty message', ''],
    ['bytes', Buffer.from([0, 1, 2, 255])],
    ['a list', '[]'],
    ['null', 'null'],
    ['an unknown type', '{"type":"nonsense"}'],
    ['a token that is a number', '{"type":"auth","token":1}'],
    ['a since that is no time', '{"type":"auth","token":"dev:somebody","since":"yesterday"}'],
  ])('gets an error for %s, and the socket stays open', async (_, message) => {
    const socket = await openPlainSocket(shared.url);
    socket.sendText(message);
    expect((await socket.until(({ type }) => type === 'error')).data['code']).toBe(
      'BAD_USER_INPUT',
    );
    socket.send({ type: 'auth', token: shared.newUser() });
    await socket.until(({ type }) => type === 'authenticated');
    socket.close();
  });

  it('closes the socket with 1009 if it is too large', async () => {
    const socket = await openPlainSocket(shared.url);
    socket.sendText('x'.repeat(1_000_000));
    expect((await socket.closed).code).toBe(1009);
  });
});

describe('an event at /ws', () => {
  it('reports every change of a document until its end', async () => {
    const token = shared.newUser();
    const socket = await signIn(shared.url, token);
    const { document } = await upload(shared.url, token, {
      ...text('Reported step by step.'),
      options: { scheduledFor: soon() },
    });
    const end = await socket.until(isEndOf(document.id));
    const about = socket.received.filter(
      ({ data }) =>
        (data as object | undefined) !== undefined && data['documentId'] === document.id,
    );
    expect(about.slice(0, -1).map(({ type, data }) => [type, data['status']])).toEqual(
      expect.arrayContaining([
        ['job_progress', 'pending'],
        ['job_progress', 'processing'],
      ]) as unknown[],
    );
    for (const { data } of about.slice(0, -1)) {
      expect(Object.keys(data).sort()).toEqual([
        'documentId',
        'jobId',
        'message',
        'progress',
        'status',
      ]);
      expect(data['progress']).toBeGreaterThanOrEqual(0);
      expect(data['progress']).toBeLessThanOrEqual(100);
    }
    expect(end).toEqual({
      type: 'document_processed',
      data: {
        documentId: document.id,
        filename: 'note.txt',
        status: 'completed',
        error: null,
        processedAt: expect.stringMatching(/Z$/) as string,
      },
    });
    socket.close();
  });

  it('reports a failure with its text', async () => {
    const token = shared.newUser();
    const socket = await signIn(shared.url, token);
    const failed = await uploadFailed(shared.url, token, await corpus('scan.pdf'));
    const end = await socket.until(({ type }) => type === 'document_processed');
    expect(end.data).toMatchObject({ status: 'failed', error: failed.error?.message });
    socket.close();
  });

  it('reports the progress', async () => {
    const token = shared.newUser();
    const socket = await signIn(shared.url, token);
    const { document } = await upload(shared.url, token, text(longText(50, 'how far')));
    await socket.until(isEndOf(document.id));
    const progress = socket.received
      .filter(({ type }) => type === 'job_progress')
      .map(({ data }) => Number(data['progress']));
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.some((percent) => percent > 0)).toBe(true);
    socket.close();
  });

  it('never reports a document of another user', async () => {
    const mine = shared.newUser('mine');
    const theirs = shared.newUser('theirs');
    const socket = await signIn(shared.url, mine);
    const foreign = await uploadCompleted(shared.url, theirs, text('Theirs.'));
    const own = await uploadCompleted(shared.url, mine, text('Mine.'));
    await socket.until(isEndOf(own));
    expect(JSON.stringify(socket.received)).not.toContain(foreign);
    socket.close();
  });

  it('reaches every socket of a user', async () => {
    const token = shared.newUser();
    const sockets = await Promise.all([signIn(shared.url, token), signIn(shared.url, token)]);
    const id = await uploadCompleted(shared.url, token, text('To both.'));
    for (const socket of sockets) {
      await socket.until(isEndOf(id));
      socket.close();
    }
  });
});

describe('the start of a session at /ws', () => {
  it('reports unfinished documents and those that ended in the last 24 h', async () => {
    const token = shared.newUser();
    const done = await uploadCompleted(shared.url, token, text('Done.'));
    const { document } = await upload(shared.url, token, {
      ...text('Waiting.'),
      options: { scheduledFor: later() },
    });
    const socket = await signIn(shared.url, token);
    await socket.until(isEndOf(done));
    const waiting = await socket.until(
      ({ type, data }) => type === 'job_progress' && data['documentId'] === document.id,
    );
    expect(waiting.data).toMatchObject({ status: 'pending', progress: 0 });
    expect(socket.received).toHaveLength(3);
    socket.close();
    await remove(token, document.id);
  });

  it('reports all unfinished documents and those that ended after since', async () => {
    const token = shared.newUser();
    const before = await uploadCompleted(shared.url, token, text('Before.'));
    const { processedAt } = (
      await gql<{ document: { processedAt: string } }>(
        shared.url,
        token,
        'query ($id: ID!) { document(id: $id) { processedAt } }',
        {
          id: before,
        },
      )
    ).document;
    const { document } = await upload(shared.url, token, {
      ...text('Waiting on.'),
      options: { scheduledFor: later() },
    });
    const since = new Date(Date.parse(processedAt) + 1).toISOString();
    const after = await uploadCompleted(shared.url, token, text('After.'));
    const socket = await signIn(shared.url, token, since);
    await socket.until(isEndOf(after));
    await socket.until(
      ({ type, data }) => type === 'job_progress' && data['documentId'] === document.id,
    );
    expect(JSON.stringify(socket.received)).not.toContain(before);
    socket.close();
    await remove(token, document.id);
  });

  it.each(['0000-01-01T00:00:00Z', '1970-01-01T00:00:00+02:00', '9999-12-31T23:59:59.999Z'])(
    'accepts any time for since: %s',
    async (since) => {
      const token = shared.newUser();
      const { document } = await upload(shared.url, token, {
        ...text('Any time.'),
        options: { scheduledFor: later() },
      });
      const socket = await signIn(shared.url, token, since);
      await socket.until(
        ({ data }) =>
          (data as object | undefined) !== undefined && data['documentId'] === document.id,
      );
      socket.close();
      await remove(token, document.id);
    },
  );

  it('misses no event of a client that reconnects', async () => {
    const token = shared.newUser();
    const first = await signIn(shared.url, token);
    const seen = await uploadCompleted(shared.url, token, text('While it was there.'));
    const end = await first.until(isEndOf(seen));
    first.close();
    const since = String(end.data['processedAt']);
    const missed = [];
    for (const index of [1, 2, 3])
      missed.push(await uploadCompleted(shared.url, token, text(`While it was away, ${index}.`)));
    const failed = await uploadFailed(shared.url, token, await corpus('scan.pdf'));
    const second = await signIn(shared.url, token, since);
    for (const id of missed) await second.until(isEndOf(id));
    expect(
      (
        await second.until(
          ({ data }) => (data as object | undefined) !== undefined && data['status'] === 'failed',
        )
      ).data['error'],
    ).toBe(failed.error?.message);
    second.close();
  });
});

function isEndOf(id: string): (message: PlainMessage) => boolean {
  return ({ type, data }) => type === 'document_processed' && data['documentId'] === id;
}

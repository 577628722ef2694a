import { once } from 'node:events';
import { WebSocket } from 'ws';
import { gql, subscribe, upload } from '../support/client.js';
import { corpus } from '../support/corpus.js';
import {
  countDocuments,
  longText,
  newUser,
  uploadCompleted,
  uploadFailed,
} from '../support/documents.js';
import { shareProduct } from '../support/shared-product.js';
import { eventually } from '../support/wait.js';
import {
  closeCodeAfterInit,
  refusalOf,
  take,
  takeAll,
  takeUntil,
  TRANSPORTS,
  type StatusEventSeen,
} from '../support/watch.js';

const UNKNOWN_ID = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
const STAGES = ['PENDING', 'EXTRACTING', 'VECTORIZING', 'COMPLETED'];

const shared = shareProduct();

/** In an hour: the document stays PENDING until it is deleted. */
const later = () => new Date(Date.now() + 3_600_000).toISOString();
/** Late enough for a watcher to start first, soon enough for the test. */
const soon = () => new Date(Date.now() + 2_000).toISOString();

const text = (content: string) => ({ name: 'note.txt', content });

async function remove(token: string, id: string): Promise<void> {
  await gql(shared.url, token, 'mutation ($id: ID!) { deleteDocument(id: $id) { id } }', { id });
}

async function uploadScheduled(
  token: string,
  content: string,
  scheduledFor = soon(),
): Promise<string> {
  return (await upload(shared.url, token, { ...text(content), options: { scheduledFor } })).document
    .id;
}

function isEnd({ status }: StatusEventSeen): boolean {
  return status === 'COMPLETED' || status === 'FAILED';
}

function expectRising(events: StatusEventSeen[]): void {
  for (const [index, event] of events.entries()) {
    const before = events[index - 1];
    if (before === undefined) continue;
    const isNewer =
      event.seq > before.seq ||
      (event.seq === before.seq && event.progress.done > before.progress.done);
    expect({ before, event, isNewer }).toMatchObject({ isNewer: true });
  }
}

describe.each(TRANSPORTS)('documentStatus of one document over $transport', ({ watch }) => {
  it('starts with the current state, then reports every stage once, in order', async () => {
    const token = shared.newUser();
    const documentId = await uploadScheduled(token, 'A note about the tides.');
    const stream = watch(shared.url, token, { documentId });
    const events = await takeUntil(stream, isEnd);
    await stream.return();
    expect(events[0]).toMatchObject({
      kind: 'SNAPSHOT',
      documentId,
      seq: 1,
      status: 'PENDING',
      previousStatus: null,
      attempt: 0,
    });
    const changes = events.filter(({ kind }) => kind === 'CHANGE');
    expect(changes.map(({ seq, status, previousStatus }) => [seq, status, previousStatus])).toEqual(
      [
        [2, 'EXTRACTING', 'PENDING'],
        [3, 'VECTORIZING', 'EXTRACTING'],
        [4, 'COMPLETED', 'VECTORIZING'],
      ],
    );
    expect(changes.at(-1)).toMatchObject({
      attempt: 1,
      generation: 1,
      error: null,
      vectorCount: 1,
      progress: { done: 1, total: 1, percent: 100 },
    });
    expectRising(events);
  });

  it('increases in (seq, done), and has no document older than its event', async () => {
    const token = shared.newUser();
    const documentId = await uploadScheduled(token, longText(50, documentTitle()));
    const stream = watch(shared.url, token, { documentId });
    const events = await takeUntil(stream, isEnd);
    await stream.return();
    expectRising(events);
    expect(events.some(({ kind }) => kind === 'PROGRESS')).toBe(true);
    for (const event of events) {
      const { document, seq, progress } = event;
      const isOlder =
        document === null ||
        document.seq < seq ||
        (document.seq === seq && document.progress.done < progress.done);
      expect({ event, isOlder }).toMatchObject({ isOlder: false });
      expect(event.message).not.toBe('');
      expect(new Date(event.occurredAt).toISOString()).toBe(event.occurredAt);
    }
  });

  it('starts with the terminal state of a finished document', async () => {
    const token = shared.newUser();
    const documentId = await uploadCompleted(
      shared.url,
      token,
      text('Done before anybody looked.'),
    );
    const stream = watch(shared.url, token, { documentId });
    expect(await take(stream, 1)).toMatchObject([
      { kind: 'SNAPSHOT', seq: 4, status: 'COMPLETED', document: { id: documentId } },
    ]);
    await stream.return();
  });

  it('reports a failure with its error', async () => {
    const token = shared.newUser();
    const { document } = await upload(shared.url, token, {
      ...(await corpus('encrypted.pdf')),
      options: { scheduledFor: soon() },
    });
    const stream = watch(shared.url, token, { documentId: document.id });
    const events = await takeUntil(stream, isEnd);
    await stream.return();
    expect(events.at(-1)).toMatchObject({
      kind: 'CHANGE',
      status: 'FAILED',
      previousStatus: 'EXTRACTING',
      error: { code: 'ENCRYPTED' },
    });
  });

  it('accepts an id in upper case', async () => {
    const token = shared.newUser();
    const documentId = await uploadCompleted(shared.url, token, text('Ids are hexadecimal.'));
    const stream = watch(shared.url, token, { documentId: documentId.toUpperCase() });
    expect(await take(stream, 1)).toMatchObject([{ documentId, status: 'COMPLETED' }]);
    await stream.return();
  });

  it('ends after DELETING, without a document', async () => {
    const token = shared.newUser();
    const documentId = await uploadCompleted(shared.url, token, text('Soon to be deleted.'));
    const stream = watch(shared.url, token, { documentId });
    await take(stream, 1);
    await remove(token, documentId);
    expect(await takeAll(stream)).toMatchObject([
      { kind: 'CHANGE', seq: 5, status: 'DELETING', previousStatus: 'COMPLETED', document: null },
    ]);
  });

  it.each([
    ['an id that never was', UNKNOWN_ID],
    ['what is no id', 'nonsense'],
    ['an empty id', ''],
  ])('returns DOCUMENT_NOT_FOUND for %s', async (_, documentId) => {
    expect(await refusalOf(watch(shared.url, shared.newUser(), { documentId }))).toMatchObject([
      { code: 'DOCUMENT_NOT_FOUND' },
    ]);
  });

  it("returns DOCUMENT_NOT_FOUND for another user's document, before and after its deletion", async () => {
    const owner = shared.newUser('owner');
    const documentId = await uploadCompleted(shared.url, owner, text('Not yours.'));
    expect(await refusalOf(watch(shared.url, shared.newUser(), { documentId }))).toMatchObject([
      { code: 'DOCUMENT_NOT_FOUND' },
    ]);
    await remove(owner, documentId);
    expect(await refusalOf(watch(shared.url, owner, { documentId }))).toMatchObject([
      { code: 'DOCUMENT_NOT_FOUND' },
    ]);
  });
});

describe.each(TRANSPORTS)('afterSeq over $transport', ({ watch }) => {
  it.each([
    [0, [1, 2, 3, 4]],
    [2, [3, 4]],
    [3, [4]],
  ])('%i replaces the SNAPSHOT by every later durable change, in order', async (afterSeq, seqs) => {
    const token = shared.newUser();
    const documentId = await uploadCompleted(shared.url, token, text('It has a history.'));
    const stream = watch(shared.url, token, { documentId, afterSeq });
    const events = await take(stream, seqs.length);
    await stream.return();
    expect(events.map(({ kind, seq, status }) => [kind, seq, status])).toEqual(
      seqs.map((seq) => ['CHANGE', seq, STAGES[seq - 1]]),
    );
    expect(events.map(({ previousStatus }) => previousStatus)).toEqual(
      seqs.map((seq) => STAGES[seq - 2] ?? null),
    );
  });

  it('continues with live events, without a gap and without a repeat', async () => {
    const token = shared.newUser();
    const documentId = await uploadScheduled(token, longText(40, documentTitle()));
    const stream = watch(shared.url, token, { documentId, afterSeq: 0 });
    const events = await takeUntil(stream, isEnd);
    await stream.return();
    expect(
      events
        .filter(({ kind }) => kind !== 'PROGRESS')
        .map(({ kind, seq, status }) => [kind, seq, status]),
    ).toEqual(STAGES.map((status, index) => ['CHANGE', index + 1, status]));
    expectRising(events);
  });

  it('of the current seq yields nothing until the next change', async () => {
    const token = shared.newUser();
    const documentId = await uploadCompleted(shared.url, token, text('Nothing new.'));
    const stream = watch(shared.url, token, { documentId, afterSeq: 4 });
    const first = take(stream, 1);
    // The second watcher has received its first event, so the first would have one as well.
    const second = watch(shared.url, token, { documentId });
    await take(second, 1);
    await second.return();
    await remove(token, documentId);
    expect(await first).toMatchObject([{ kind: 'CHANGE', seq: 5, status: 'DELETING' }]);
    expect(await takeAll(stream)).toEqual([]);
  });

  it('in the future yields a SNAPSHOT', async () => {
    const token = shared.newUser();
    const documentId = await uploadCompleted(shared.url, token, text('From the future.'));
    const stream = watch(shared.url, token, { documentId, afterSeq: 5 });
    expect(await take(stream, 1)).toMatchObject([
      { kind: 'SNAPSHOT', seq: 4, status: 'COMPLETED' },
    ]);
    await stream.return();
  });

  it('returns BAD_USER_INPUT without documentId', async () => {
    expect(await refusalOf(watch(shared.url, shared.newUser(), { afterSeq: 0 }))).toMatchObject([
      { code: 'BAD_USER_INPUT', field: 'afterSeq' },
    ]);
  });
});

describe.each(TRANSPORTS)('completeOnTerminal over $transport', ({ watch }) => {
  it('ends the stream with the terminal state', async () => {
    const token = shared.newUser();
    const documentId = await uploadScheduled(token, 'It ends well.');
    const events = await takeAll(
      watch(shared.url, token, { documentId, completeOnTerminal: true }),
    );
    expect(events[0]?.kind).toBe('SNAPSHOT');
    expect(events.at(-1)).toMatchObject({ kind: 'CHANGE', status: 'COMPLETED' });
  });

  it('ends after the SNAPSHOT of a COMPLETED document', async () => {
    const token = shared.newUser();
    const documentId = await uploadCompleted(shared.url, token, text('Over already.'));
    const events = await takeAll(
      watch(shared.url, token, { documentId, completeOnTerminal: true }),
    );
    expect(events).toMatchObject([{ kind: 'SNAPSHOT', status: 'COMPLETED' }]);
  });

  it('ends after the SNAPSHOT of a FAILED document', async () => {
    const token = shared.newUser();
    await uploadFailed(shared.url, token, await corpus('scan.pdf'));
    const { documents } = await gql<{ documents: { edges: { node: { id: string } }[] } }>(
      shared.url,
      token,
      '{ documents { edges { node { id } } } }',
    );
    const events = await takeAll(
      watch(shared.url, token, {
        documentId: documents.edges[0]?.node.id ?? '',
        completeOnTerminal: true,
      }),
    );
    expect(events).toMatchObject([
      { kind: 'SNAPSHOT', status: 'FAILED', error: { code: 'EMPTY_TEXT' } },
    ]);
  });

  it('ends with afterSeq after the last change, or at once if there is none', async () => {
    const token = shared.newUser();
    const documentId = await uploadCompleted(shared.url, token, text('Its history is short.'));
    const all = await takeAll(
      watch(shared.url, token, { documentId, afterSeq: 0, completeOnTerminal: true }),
    );
    expect(all.map(({ kind, status }) => [kind, status])).toEqual(
      STAGES.map((status) => ['CHANGE', status]),
    );
    expect(
      await takeAll(
        watch(shared.url, token, { documentId, afterSeq: 4, completeOnTerminal: true }),
      ),
    ).toEqual([]);
  });

  it('returns BAD_USER_INPUT without documentId', async () => {
    const refusal = await refusalOf(
      watch(shared.url, shared.newUser(), { completeOnTerminal: true }),
    );
    expect(refusal).toMatchObject([{ code: 'BAD_USER_INPUT', field: 'completeOnTerminal' }]);
  });
});

describe.each(TRANSPORTS)(
  'documentStatus of all documents of the viewer over $transport',
  ({ watch }) => {
    it('starts with unfinished and recently changed documents, newest first', async () => {
      const token = shared.newUser();
      const first = await uploadCompleted(shared.url, token, text('The first.'));
      const second = await uploadScheduled(token, 'The second.', later());
      const third = await uploadCompleted(shared.url, token, text('The third.'));
      const stream = watch(shared.url, token, {});
      const events = await take(stream, 3);
      await stream.return();
      expect(events.map(({ kind, documentId, status }) => [kind, documentId, status])).toEqual([
        ['SNAPSHOT', third, 'COMPLETED'],
        ['SNAPSHOT', second, 'PENDING'],
        ['SNAPSHOT', first, 'COMPLETED'],
      ]);
      await remove(token, second);
    });

    it('reports new documents from their first event, and deleted ones with their last', async () => {
      const token = shared.newUser();
      const held = await uploadScheduled(token, 'Held back.', later());
      const stream = watch(shared.url, token, {});
      await take(stream, 1);
      const id = await uploadCompleted(shared.url, token, text('New in the list.'));
      await remove(token, id);
      const events = await takeUntil(stream, ({ status }) => status === 'DELETING');
      await stream.return();
      await remove(token, held);
      const changes = events.filter(({ kind }) => kind !== 'PROGRESS');
      expect(changes.map(({ documentId, kind, status }) => [documentId, kind, status])).toEqual(
        [...STAGES, 'DELETING'].map((status) => [id, 'CHANGE', status]),
      );
      expect(events.at(-1)?.document).toBeNull();
    });

    it('reports no document of another user', async () => {
      const mine = shared.newUser('mine');
      const theirs = shared.newUser('theirs');
      const held = await uploadScheduled(mine, 'Held back.', later());
      const stream = watch(shared.url, mine, {});
      await take(stream, 1);
      const foreign = await uploadCompleted(shared.url, theirs, text('None of your business.'));
      await remove(theirs, foreign);
      await remove(mine, held);
      const events = await takeUntil(stream, ({ status }) => status === 'DELETING');
      await stream.return();
      expect(events.map(({ documentId }) => documentId)).toEqual([held]);
    });

    it('increases in (seq, done) for each of many documents', async () => {
      const token = shared.newUser();
      const stream = watch(shared.url, token, {});
      const seen: StatusEventSeen[] = [];
      const wanted = 12;
      const watching = (async () => {
        for await (const event of stream) {
          seen.push(event);
          if (seen.filter(({ status }) => status === 'COMPLETED').length === wanted) return;
        }
      })();
      const uploads = Array.from({ length: wanted }, (_, index) =>
        upload(shared.url, token, text(`Note number ${index}.`)),
      );
      const ids = (await Promise.all(uploads)).map(({ document }) => document.id);
      await watching;
      for (const id of ids) {
        const own = seen.filter(({ documentId }) => documentId === id);
        expectRising(own);
        expect(own.at(-1)).toMatchObject({ status: 'COMPLETED', vectorCount: 1 });
      }
    });
  },
);

let titles = 0;
function documentTitle(): string {
  titles += 1;
  return `document ${titles}`;
}

describe('a slow watcher', () => {
  it('receives the terminal state of every document', async () => {
    const token = shared.newUser();
    const wanted = 15;
    const response = await fetch(`${shared.url}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'text/event-stream',
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        query:
          'subscription { documentStatus { documentId status document { id filename contentHash } } }',
      }),
    });
    for (let index = 0; index < wanted; index += 1)
      await upload(shared.url, token, text(`Slow note ${index}.`));
    await eventually(
      async () => (await countDocuments(shared.url, token))['COMPLETED'] === wanted,
      {
        timeoutMs: 60_000,
        what: 'the end of all',
      },
    );
    const completed = new Set<string>();
    let received = '';
    for await (const chunk of response.body as ReadableStream<Uint8Array>) {
      received += Buffer.from(chunk).toString('latin1');
      for (const [, id] of received.matchAll(/"documentId":"([^"]+)","status":"COMPLETED"/g))
        completed.add(String(id));
      if (completed.size === wanted) break;
    }
    expect(completed.size).toBe(wanted);
  });

  it('blocks nobody else if it never reads', async () => {
    const token = shared.newUser();
    const socket = new WebSocket(
      `${shared.url.replace('http', 'ws')}/graphql`,
      'graphql-transport-ws',
    );
    await once(socket, 'open');
    socket.send(
      JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }),
    );
    await once(socket, 'message');
    socket.send(
      JSON.stringify({
        id: '1',
        type: 'subscribe',
        payload: { query: 'subscription { documentStatus { seq } }' },
      }),
    );
    socket.pause();
    await uploadCompleted(shared.url, token, text('Nobody reads this.'));
    socket.terminate();
  });
});

describe('a GraphQL WebSocket', () => {
  it.each([
    ['no payload', undefined],
    ['no token', {}],
    ['an empty token', { authorization: '' }],
    ['no Bearer', { authorization: 'dev:someone' }],
    ['a token that is none', { authorization: 'Bearer nonsense' }],
    ['a token with a space', { authorization: 'Bearer dev:a b' }],
    ['a number for a token', { authorization: 42 }],
    ['a list for a token', { authorization: ['Bearer dev:someone'] }],
  ])('closes with 4401 for %s', async (_, payload) => {
    expect(await closeCodeAfterInit(shared.url, payload)).toBe(4401);
  });

  it.each(['authorization', 'Authorization', 'AUTHORIZATION'])(
    'accepts the token under the key %s',
    async (key) => {
      const socket = new WebSocket(
        `${shared.url.replace('http', 'ws')}/graphql`,
        'graphql-transport-ws',
      );
      await once(socket, 'open');
      socket.send(
        JSON.stringify({ type: 'connection_init', payload: { [key]: `Bearer ${newUser()}` } }),
      );
      const [data] = (await once(socket, 'message')) as [Buffer];
      socket.close();
      expect(JSON.parse(data.toString())).toMatchObject({ type: 'connection_ack' });
    },
  );

  it.each([
    ['garbage', 'garbage', 4400],
    ['a message of an unknown type', '{"type":"nonsense"}', 4400],
    [
      'a subscription before the token',
      '{"id":"1","type":"subscribe","payload":{"query":"subscription { documentStatus { seq } }"}}',
      4401,
    ],
  ])('closes after %s', async (_, message, code) => {
    const socket = new WebSocket(
      `${shared.url.replace('http', 'ws')}/graphql`,
      'graphql-transport-ws',
    );
    await once(socket, 'open');
    socket.send(message);
    expect(((await once(socket, 'close')) as [number])[0]).toBe(code);
  });

  it('executes queries and mutations', async () => {
    const token = shared.newUser();
    const viewerIds = [];
    for await (const data of subscribe<{ viewer: { id: string } }>(
      shared.url,
      token,
      '{ viewer { id } }',
    ))
      viewerIds.push(data.viewer.id);
    expect(viewerIds).toEqual([token.replace('dev:', '')]);
  });
});

import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { ask, gql, subscribe, upload, waitForStatus } from '../support/client.js';
import { corpus } from '../support/corpus.js';
import {
  countDocuments,
  newUser,
  search,
  SEARCH,
  uploadCompleted,
  uploadFailed,
  type Hit,
} from '../support/documents.js';
import { startProduct } from '../support/product.js';
import { bearer, getRest } from '../support/rest.js';
import { shareProduct } from '../support/shared-product.js';
import { eventually } from '../support/wait.js';

const shared = shareProduct({ env: { DEV_ADMINS: 'boss,second-boss' } });

const text = (name: string, content: string) => ({ name, content });
const later = () => new Date(Date.now() + 3_600_000).toISOString();

async function remove(token: string, id: string): Promise<void> {
  await gql(shared.url, token, 'mutation ($id: ID!) { deleteDocument(id: $id) { id } }', { id });
}

/** Every format, with a question in other words than the document, and one in its own words. */
const FORMATS = [
  {
    name: 'volcanoes.pdf',
    type: 'application/pdf',
    meaning: 'molten rock coming out of a mountain',
    words: 'magma',
    paged: true,
  },
  {
    name: 'contract-law.pdf',
    type: 'application/pdf',
    meaning: 'compensation when a promise is broken',
    words: 'Hadley Baxendale',
    paged: true,
  },
  {
    name: 'bees.docx',
    type: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    meaning: 'insects that make honey',
    words: 'varroa destructor',
    paged: false,
  },
  {
    name: 'railway.docx',
    type: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    meaning: 'keeping trains from colliding',
    words: 'Ladbroke Grove',
    paged: false,
  },
  {
    name: 'sourdough.pptx',
    type: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
    meaning: 'baking bread at home',
    words: 'autolyse hydration',
    paged: true,
  },
  {
    name: 'observatory.xlsx',
    type: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    meaning: 'looking at stars through a telescope',
    words: 'telescope',
    paged: false,
  },
  {
    name: 'contract-law.odt',
    type: 'application/vnd.oasis.opendocument.text',
    meaning: 'compensation when a promise is broken',
    words: 'Hadley Baxendale',
    paged: false,
  },
  {
    name: 'reefs.html',
    type: 'text/html',
    meaning: 'animals that live in warm shallow seas',
    words: 'coral',
    paged: false,
  },
  {
    name: 'knots.md',
    type: 'text/markdown',
    meaning: 'how to tie a rope',
    words: 'bowline',
    paged: false,
  },
  {
    name: 'tea.txt',
    type: 'text/plain',
    meaning: 'a hot drink made from leaves',
    words: 'oolong',
    paged: false,
  },
  {
    name: 'coffee.csv',
    type: 'text/csv',
    meaning: 'Arabica from Brazil, Kenya and Panama with notes of chocolate',
    words: 'Yirgacheffe',
    paged: false,
  },
  {
    name: 'planets.json',
    type: 'application/json',
    meaning: 'worlds that go around the sun',
    words: 'Olympus Mons',
    paged: false,
  },
];

describe('a document of every format', () => {
  const reader = newUser('reader');
  const ids = new Map<string, string>();

  beforeAll(async () => {
    for (const { name } of FORMATS)
      ids.set(name, await uploadCompleted(shared.url, reader, await corpus(name)));
  });

  it.each(FORMATS)('completes $name as $type', async ({ name, type }) => {
    const { content } = await corpus(name);
    const query = `query ($id: ID!) { document(id: $id) { filename mimeType fileSize contentHash status seq generation attempt maxAttempts progress { done total percent }
      error { code } vectorCount searchable canCancel canRetry queuePosition scheduledFor nextAttemptAt startedAt processedAt } }`;
    const { document } = await gql<{
      document: { vectorCount: number; startedAt: string; processedAt: string };
    }>(shared.url, reader, query, { id: ids.get(name) });
    expect(document).toMatchObject({
      filename: name,
      mimeType: type,
      fileSize: content.length,
      contentHash: createHash('sha256').update(content).digest('hex'),
      status: 'COMPLETED',
      seq: 4,
      generation: 1,
      attempt: 1,
      error: null,
      searchable: true,
      canCancel: false,
      canRetry: false,
      queuePosition: null,
      scheduledFor: null,
      nextAttemptAt: null,
      progress: { done: document.vectorCount, total: document.vectorCount, percent: 100 },
    });
    expect(document.vectorCount).toBeGreaterThan(0);
    expect(Date.parse(document.processedAt)).toBeGreaterThanOrEqual(Date.parse(document.startedAt));
  });

  it.each(FORMATS)(
    'finds $name by meaning, with the location of the hit',
    async ({ name, meaning, paged }) => {
      const hits = await search(shared.url, reader, { query: meaning, mode: 'SEMANTIC', first: 5 });
      const hit = hits.find(({ document }) => document.filename === name);
      expect(hits.map(({ document }) => document.filename)).toContain(name);
      expect(hit?.document.id).toBe(ids.get(name));
      expectSound(hits);
      if (paged) expect(hit?.page).toBeGreaterThanOrEqual(1);
      else expect(hit?.page).toBeNull();
    },
  );

  it.each(FORMATS)('finds $name by its words and highlights them', async ({ name, words }) => {
    const hits = await search(shared.url, reader, {
      query: words,
      mode: 'KEYWORD',
      first: 5,
      documentIds: [ids.get(name) ?? ''],
    });
    expect(hits.length).toBeGreaterThan(0);
    expectSound(hits);
    const [hit] = hits;
    const marked =
      hit?.highlights.map(({ start, end }) => hit.text.slice(start, end).toLowerCase()) ?? [];
    const queryWords = words.toLowerCase().split(' ');
    expect(
      queryWords.some((word) => marked.some((mark) => mark.startsWith(word.slice(0, 5)))),
    ).toBe(true);
  });

  it.each(FORMATS)(
    'finds $name by meaning and words together',
    async ({ name, words, meaning }) => {
      const hits = await search(shared.url, reader, { query: `${words} ${meaning}`, first: 5 });
      expect(hits.map(({ document }) => document.filename)).toContain(name);
      expectSound(hits);
    },
  );

  it('returns hits in descending order of their score', async () => {
    for (const mode of ['HYBRID', 'SEMANTIC', 'KEYWORD'] as const) {
      const scores = (
        await search(shared.url, reader, { query: 'water and time', mode, first: 50 })
      ).map(({ score }) => score);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
    }
  });

  it('searches only the given documents and ignores unknown ids', async () => {
    const only = ids.get('tea.txt') ?? '';
    const hits = await search(shared.url, reader, {
      query: 'honey',
      first: 50,
      documentIds: [only, 'nonsense', '3fa85f64-5717-4562-b3fc-2c963f66afa6'],
    });
    expect(new Set(hits.map(({ document }) => document.id))).toEqual(new Set([only]));
    expect(await search(shared.url, reader, { query: 'honey', documentIds: ['nonsense'] })).toEqual(
      [],
    );
    expect(await search(shared.url, reader, { query: 'honey', documentIds: [] })).toEqual([]);
  });

  it('returns at most the requested number of hits', async () => {
    expect(
      await search(shared.url, reader, { query: 'water', mode: 'SEMANTIC', first: 1 }),
    ).toHaveLength(1);
    expect(
      (await search(shared.url, reader, { query: 'water', mode: 'SEMANTIC', first: 100 })).length,
    ).toBeGreaterThan(FORMATS.length);
  });

  it('finds no document of another user', async () => {
    const stranger = shared.newUser('stranger');
    for (const mode of ['HYBRID', 'SEMANTIC', 'KEYWORD'] as const)
      expect(await search(shared.url, stranger, { query: 'oolong tea', mode })).toEqual([]);
    expect(
      await search(shared.url, stranger, { query: 'oolong tea', documentIds: [...ids.values()] }),
    ).toEqual([]);
  });

  it.each(FORMATS)('downloads $name as it was uploaded', async ({ name, type }) => {
    const response = await fetch(`${shared.url}/api/documents/${ids.get(name)}/file`, {
      headers: bearer(reader),
    });
    const { content } = await corpus(name);
    expect(Buffer.from(await response.arrayBuffer()).equals(content)).toBe(true);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': expect.stringMatching(
        new RegExp(`^${type.replaceAll(/[.+]/g, '\\$&')}`),
      ) as string,
      'content-length': String(content.length),
      'content-disposition': `attachment; filename=${name}`,
      'content-security-policy': 'sandbox',
      'x-content-type-options': 'nosniff',
    });
  });

  it('counts the pages of a PDF from 1', async () => {
    const hits = await search(shared.url, reader, {
      query: 'volcano',
      mode: 'SEMANTIC',
      first: 100,
      documentIds: [ids.get('volcanoes.pdf') ?? ''],
    });
    const pages = [...new Set(hits.map(({ page }) => page ?? 0))].sort((a, b) => a - b);
    expect(pages).toEqual(pages.map((_, index) => index + 1));
    expect(pages.length).toBeGreaterThan(1);
  });
});

function expectSound(hits: Hit[]): void {
  for (const hit of hits) {
    expect(hit.text.trim()).not.toBe('');
    expect(hit.charEnd - hit.charStart).toBe(hit.text.length);
    expect(hit.score).toBeGreaterThanOrEqual(0);
    expect(hit.score).toBeLessThanOrEqual(1);
    let last = 0;
    for (const { start, end } of hit.highlights) {
      expect(start).toBeGreaterThanOrEqual(last);
      expect(end).toBeGreaterThan(start);
      expect(end).toBeLessThanOrEqual(hit.text.length);
      last = end;
    }
  }
}

it('returns the offsets of a hit in the extracted text', async () => {
  const token = shared.newUser();
  const content = Array.from({ length: 30 }, (_, index) =>
    `Line ${index} speaks of anchors, of 🌋 and of ropes.\n`.repeat(3),
  ).join('\n');
  await uploadCompleted(shared.url, token, text('offsets.txt', content));
  const hits = await search(shared.url, token, { query: 'anchors', first: 100 });
  expect(hits.length).toBeGreaterThan(2);
  for (const { text: passage, charStart, charEnd } of hits)
    expect(content.slice(charStart, charEnd)).toBe(passage);
});

describe('the list of the viewer', () => {
  const LIST = `query ($first: Int! = 20, $after: String, $filter: DocumentFilter) {
    documents(first: $first, after: $after, filter: $filter) {
      edges { cursor node { id filename status } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  }`;

  interface List {
    documents: {
      edges: { cursor: string; node: { id: string; filename: string; status: string } }[];
      pageInfo: {
        hasNextPage: boolean;
        hasPreviousPage: boolean;
        startCursor: string | null;
        endCursor: string | null;
      };
      totalCount: number;
    };
  }

  const owner = newUser('owner');
  const names: string[] = [];

  const list = async (variables: Record<string, unknown> = {}, token = owner) =>
    (await gql<List>(shared.url, token, LIST, variables)).documents;

  beforeAll(async () => {
    for (let index = 0; index < 7; index += 1) {
      const name = index % 2 === 0 ? `Even-${index}.txt` : `odd_${index}%.md`;
      names.unshift(name);
      await upload(shared.url, owner, {
        ...text(name, `Number ${index}.`),
        options: { scheduledFor: later() },
      });
    }
    await uploadCompleted(shared.url, owner, text('done.txt', 'This one is done.'));
    names.unshift('done.txt');
    await uploadFailed(shared.url, owner, await corpus('scan.pdf'));
    names.unshift('scan.pdf');
  });

  it('is newest first, and its pages have no gap and no repeat', async () => {
    const seen: string[] = [];
    let after: string | null = null;
    const previous: boolean[] = [];
    for (;;) {
      const { edges, pageInfo, totalCount } = await list({ first: 4, after });
      seen.push(...edges.map(({ node }) => node.filename));
      previous.push(pageInfo.hasPreviousPage);
      expect(totalCount).toBe(names.length);
      expect([pageInfo.startCursor, pageInfo.endCursor]).toEqual([
        edges[0]?.cursor,
        edges.at(-1)?.cursor,
      ]);
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
    }
    expect(seen).toEqual(names);
    expect(previous).toEqual([false, true, true]);
  });

  it.each([
    ['a status', { status: ['COMPLETED'] }, ['done.txt']],
    ['two statuses', { status: ['COMPLETED', 'FAILED'] }, ['scan.pdf', 'done.txt']],
    ['no status at all', { status: [] }, null],
    [
      'a part of the name, in any case',
      { filename: 'EVEN' },
      ['Even-6.txt', 'Even-4.txt', 'Even-2.txt', 'Even-0.txt'],
    ],
    ['a percent sign as it stands', { filename: '5%' }, ['odd_5%.md']],
    ['an underscore as it stands', { filename: 'd_3' }, ['odd_3%.md']],
    ['both', { filename: 'odd', status: ['COMPLETED'] }, []],
  ])('applies the filter %s', async (_, filter, expected) => {
    const { edges, totalCount, pageInfo } = await list({ filter });
    expect(edges.map(({ node }) => node.filename)).toEqual(expected ?? names);
    expect(totalCount).toBe((expected ?? names).length);
    if (expected?.length === 0)
      expect(pageInfo).toEqual({
        hasNextPage: false,
        hasPreviousPage: false,
        startCursor: null,
        endCursor: null,
      });
  });

  it('applies the filter to every page', async () => {
    const first = await list({ first: 2, filter: { filename: 'even' } });
    const second = await list({
      first: 2,
      filter: { filename: 'even' },
      after: first.pageInfo.endCursor,
    });
    expect(second.edges.map(({ node }) => node.filename)).toEqual(['Even-2.txt', 'Even-0.txt']);
    expect([
      first.pageInfo.hasNextPage,
      second.pageInfo.hasNextPage,
      second.pageInfo.hasPreviousPage,
    ]).toEqual([true, false, true]);
  });

  it('continues after a cursor whose document was deleted', async () => {
    const token = shared.newUser();
    const ids = [];
    for (const name of ['a.txt', 'b.txt', 'c.txt'])
      ids.push(await uploadCompleted(shared.url, token, text(name, `Content of ${name}.`)));
    const first = await list({ first: 2 }, token);
    await remove(token, ids[1] ?? '');
    const second = await list({ first: 2, after: first.pageInfo.endCursor }, token);
    expect(second.edges.map(({ node }) => node.filename)).toEqual(['a.txt']);
    expect(second.totalCount).toBe(2);
  });

  it('is counted by status and in limits', async () => {
    expect(await countDocuments(shared.url, owner)).toEqual({
      PENDING: 7,
      COMPLETED: 1,
      FAILED: 1,
    });
    const { limits } = await gql<{ limits: object }>(
      shared.url,
      owner,
      '{ limits { maxUploadBytes mimeTypes maxDocuments documents } }',
    );
    const types = [...new Set(FORMATS.map(({ type }) => type))];
    expect(limits).toEqual({
      maxUploadBytes: 100 * 1024 * 1024,
      mimeTypes: expect.arrayContaining(types) as string[],
      maxDocuments: null,
      documents: 9,
    });
  });

  it('is empty for a new user', async () => {
    const stranger = shared.newUser();
    expect(await list({}, stranger)).toMatchObject({ edges: [], totalCount: 0 });
    expect(await countDocuments(shared.url, stranger)).toEqual({});
  });
});

describe('the history of a document', () => {
  const EVENTS = `query ($id: ID!, $after: Int! = 0, $first: Int! = 50) { document(id: $id) { createdAt updatedAt
    events(after: $after, first: $first) { kind seq status previousStatus message occurredAt progress { done total } document { seq } } } }`;

  it('contains every durable change, oldest first', async () => {
    const token = shared.newUser();
    const id = await uploadCompleted(shared.url, token, text('history.txt', 'It has a history.'));
    const { document } = await gql<{
      document: { events: { seq: number; status: string; occurredAt: string }[] };
    }>(shared.url, token, EVENTS, { id });
    expect(document.events.map(({ seq, status }) => [seq, status])).toEqual([
      [1, 'PENDING'],
      [2, 'EXTRACTING'],
      [3, 'VECTORIZING'],
      [4, 'COMPLETED'],
    ]);
    expect(document.events).toMatchObject(Array(4).fill({ kind: 'CHANGE', document: { seq: 4 } }));
    const times = document.events.map(({ occurredAt }) => Date.parse(occurredAt));
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('can be read page by page', async () => {
    const token = shared.newUser();
    const id = await uploadCompleted(shared.url, token, text('parts.txt', 'Part by part.'));
    const seqs = async (variables: object) =>
      (
        await gql<{ document: { events: { seq: number }[] } }>(shared.url, token, EVENTS, {
          id,
          ...variables,
        })
      ).document.events.map(({ seq }) => seq);
    expect(await seqs({ first: 2 })).toEqual([1, 2]);
    expect(await seqs({ after: 2, first: 1 })).toEqual([3]);
    expect(await seqs({ after: 4 })).toEqual([]);
  });
});

describe('a waiting document', () => {
  it('is PENDING with the requested time, and has a queue position only when it is due', async () => {
    const token = shared.newUser();
    const scheduledFor = later();
    const { document } = await upload(shared.url, token, {
      ...text('wait.txt', 'It waits.'),
      options: { scheduledFor, priority: 'LOW' },
    });
    const query =
      'query ($id: ID!) { document(id: $id) { status attempt scheduledFor queuePosition priority canCancel canRetry searchable vectorCount startedAt processedAt } }';
    expect(await gql(shared.url, token, query, { id: document.id })).toEqual({
      document: {
        status: 'PENDING',
        attempt: 0,
        scheduledFor,
        queuePosition: null,
        priority: 'LOW',
        canCancel: false,
        canRetry: false,
        searchable: false,
        vectorCount: 0,
        startedAt: null,
        processedAt: null,
      },
    });
    await remove(token, document.id);
  });
});

describe('an upload of the same content', () => {
  // The cleanup of an earlier test may delete files at the same time.
  const newBlobs = async (before: string[]) =>
    (await shared.blobs()).filter((name) => !before.includes(name));
  const total = async (token: string) =>
    Object.values(await countDocuments(shared.url, token)).reduce((sum, count) => sum + count, 0);

  it('returns the existing document, whatever the file name', async () => {
    const token = shared.newUser();
    const id = await uploadCompleted(shared.url, token, text('first.txt', 'The same bytes.'));
    const blobs = await shared.blobs();
    const again = await upload(shared.url, token, text('second.md', 'The same bytes.'));
    expect(again).toMatchObject({
      duplicateOf: id,
      document: { id, filename: 'first.txt', seq: 4 },
    });
    expect(await total(token)).toBe(1);
    expect(await newBlobs(blobs)).toEqual([]);
  });

  it('returns the existing document while it is unfinished', async () => {
    const token = shared.newUser();
    const first = await upload(shared.url, token, {
      ...text('held.txt', 'Held bytes.'),
      options: { scheduledFor: later() },
    });
    expect(await upload(shared.url, token, text('held.txt', 'Held bytes.'))).toMatchObject({
      duplicateOf: first.document.id,
    });
    await remove(token, first.document.id);
  });

  it('creates one document and one file for two simultaneous uploads', async () => {
    const token = shared.newUser();
    const blobs = await shared.blobs();
    const uploads = await Promise.all(
      Array.from({ length: 5 }, () => upload(shared.url, token, text('race.txt', 'Racing bytes.'))),
    );
    expect(new Set(uploads.map(({ document }) => document.id)).size).toBe(1);
    expect(uploads.filter(({ duplicateOf }) => duplicateOf === null)).toHaveLength(1);
    expect(await total(token)).toBe(1);
    expect(await newBlobs(blobs)).toEqual([uploads[0]?.document.id]);
  });

  it('creates a new document with force', async () => {
    const token = shared.newUser();
    const id = await uploadCompleted(shared.url, token, text('forced.txt', 'Forced bytes.'));
    const forced = await upload(shared.url, token, {
      ...text('forced.txt', 'Forced bytes.'),
      options: { force: true },
    });
    expect(forced.duplicateOf).toBeNull();
    expect(forced.document.id).not.toBe(id);
    await waitForStatus(shared.url, token, forced.document.id, 'COMPLETED');
    expect(await total(token)).toBe(2);
  });

  it('creates a new document after FAILED', async () => {
    const token = shared.newUser();
    const file = await corpus('truncated.pdf');
    await uploadFailed(shared.url, token, file);
    const again = await upload(shared.url, token, file);
    expect(again).toMatchObject({ duplicateOf: null, document: { seq: 1, status: 'PENDING' } });
    await waitForStatus(shared.url, token, again.document.id, 'FAILED');
    expect(await total(token)).toBe(2);
  });

  it('creates a new document after a deletion', async () => {
    const token = shared.newUser();
    const id = await uploadCompleted(shared.url, token, text('back.txt', 'It comes back.'));
    await remove(token, id);
    const again = await uploadCompleted(shared.url, token, text('back.txt', 'It comes back.'));
    expect(again).not.toBe(id);
  });

  it('creates a new document if another user has the content', async () => {
    const one = shared.newUser();
    const other = shared.newUser();
    await uploadCompleted(shared.url, one, text('shared.txt', 'Bytes that two have.'));
    expect(
      (await upload(shared.url, other, text('shared.txt', 'Bytes that two have.'))).duplicateOf,
    ).toBeNull();
  });
});

describe('a deleted document', () => {
  it('is hidden from all reads at once', async () => {
    const token = shared.newUser();
    const id = await uploadCompleted(shared.url, token, text('gone.txt', 'Gone with the zephyr.'));
    await remove(token, id);
    const { documents, document, documentCounts, limits } = await gql<
      Record<string, { totalCount?: number; documents?: number } | null | []>
    >(
      ...([
        shared.url,
        token,
        'query ($id: ID!) { document(id: $id) { id } documents { totalCount edges { node { id } } } documentCounts { count } limits { documents } }',
        { id },
      ] as const),
    );
    expect({ documents, document, documentCounts, limits }).toEqual({
      documents: { totalCount: 0, edges: [] },
      document: null,
      documentCounts: [],
      limits: { documents: 0 },
    });
    for (const mode of ['HYBRID', 'SEMANTIC', 'KEYWORD'] as const)
      expect(await search(shared.url, token, { query: 'zephyr', mode })).toEqual([]);
    for (const what of ['status', 'file'])
      expect((await getRest(shared.url, token, `/api/documents/${id}/${what}`)).status).toBe(404);
    expect(
      (
        await ask(shared.url, token, 'mutation ($id: ID!) { deleteDocument(id: $id) { id } }', {
          id,
        })
      ).errors[0]?.extensions.code,
    ).toBe('DOCUMENT_NOT_FOUND');
  });

  it('is never processed if it was waiting', async () => {
    const token = shared.newUser();
    const soon = new Date(Date.now() + 300).toISOString();
    const { document } = await upload(shared.url, token, {
      ...text('never.txt', 'Never processed.'),
      options: { scheduledFor: soon },
    });
    await remove(token, document.id);
    await eventually(async () => !(await shared.blobs()).includes(document.id), {
      timeoutMs: 20_000,
      what: 'the end of its file',
    });
    expect(await countDocuments(shared.url, token)).toEqual({});
  });

  it('stays deleted while its worker finishes', async () => {
    const token = shared.newUser();
    const { document } = await upload(
      shared.url,
      token,
      text('running.txt', 'A long story. '.repeat(2_000)),
    );
    await waitForStatus(shared.url, token, document.id, 'VECTORIZING', 'COMPLETED');
    await remove(token, document.id);
    await eventually(async () => !(await shared.blobs()).includes(document.id), {
      timeoutMs: 20_000,
      what: 'the end of its file',
    });
    expect(await search(shared.url, token, { query: 'a long story' })).toEqual([]);
    expect(await countDocuments(shared.url, token)).toEqual({});
  });
});

it('leaves neither file, vector, passage, event nor row of a deleted document', async () => {
  const product = await startProduct();
  const token = newUser();
  const kept = await uploadCompleted(product.url, token, text('kept.txt', 'This one stays.'));
  const gone = await uploadCompleted(
    product.url,
    token,
    text('gone.txt', 'This one leaves without a trace.'),
  );
  await gql(product.url, token, 'mutation ($id: ID!) { deleteDocument(id: $id) { id } }', {
    id: gone,
  });
  await eventually(async () => (await readdir(join(product.dataDir, 'blobs'))).length === 1, {
    timeoutMs: 20_000,
    what: 'the end of the file',
  });
  // The row is deleted last, after the event was published.
  const metrics = async () => (await fetch(`${product.url}/metrics`)).text();
  await eventually(
    async () => /^docstream_documents\{status="DELETING"\} 0$/m.test(await metrics()),
    {
      timeoutMs: 30_000,
      everyMs: 500,
      what: 'the end of the row',
    },
  );
  await product.stop();
  const database = await PGlite.create({
    dataDir: join(product.dataDir, 'postgres'),
    extensions: { vector },
  });
  try {
    const ids = async (table: string, column: string) =>
      (
        await database.query<{ id: string }>(`select distinct ${column}::text as id from ${table}`)
      ).rows.map(({ id }) => id);
    expect(await ids('vectors', 'document_id')).toEqual([kept]);
    expect(await ids('passages', 'document_id')).toEqual([kept]);
    expect(await ids('documents', 'id')).toEqual([kept]);
    expect(await ids('document_events', 'document_id')).toEqual([kept]);
    expect(await ids('outbox', 'key')).toEqual([]);
  } finally {
    await database.close();
  }
});

describe('the viewer', () => {
  it.each([
    ['somebody', false],
    ['boss', true],
    ['second-boss', true],
  ])('returns the user %s of the token', async (id, isAdmin) => {
    expect(await gql(shared.url, `dev:${id}`, '{ viewer { id email isAdmin } }')).toEqual({
      viewer: { id, email: null, isAdmin },
    });
  });
});

describe('GraphQL over HTTP', () => {
  it('allows introspection without a token', async () => {
    expect(await ask(shared.url, null, '{ __schema { queryType { name } } }')).toMatchObject({
      status: 200,
      errors: [],
    });
  });

  it('executes queries by GET', async () => {
    const path = `/graphql?query=${encodeURIComponent('{ viewer { id } }')}`;
    const response = await fetch(`${shared.url}${path}`, {
      headers: { ...bearer('dev:getter'), 'apollo-require-preflight': 'true' },
    });
    expect(await response.json()).toEqual({ data: { viewer: { id: 'getter' } } });
  });

  it('rejects a subscription', async () => {
    const { errors } = await ask(
      shared.url,
      shared.newUser(),
      'subscription { documentStatus { seq } }',
    );
    expect(errors).toHaveLength(1);
  });

  it('returns the same over the WebSocket', async () => {
    const token = shared.newUser();
    await uploadCompleted(shared.url, token, text('same.txt', 'The same at every harbour.'));
    const variables = { query: 'harbour' };
    const overHttp = await gql(shared.url, token, SEARCH, variables);
    for await (const overSocket of subscribe(shared.url, token, SEARCH, variables))
      expect(overSocket).toEqual(overHttp);
  });
});

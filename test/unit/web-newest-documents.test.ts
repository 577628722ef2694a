import { ApolloClient, ApolloLink, gql } from '@apollo/client';
import { Subject } from 'rxjs';
import { createCache } from '../../web/src/apollo/cache.js';
import { createNewestDocuments } from '../../web/src/apollo/newest-documents.js';
import { DocumentsPage, WatchDocuments } from '../../web/src/documents/operations.js';
import { SearchPassages } from '../../web/src/search/operations.js';

/** A client with the real cache and links. The test decides when each response arrives. */
function createPage() {
  const cache = createCache();
  const documents = createNewestDocuments(cache);
  const responses = new Map<string, Subject<ApolloLink.Result>>();
  const server = new ApolloLink((operation) => {
    const response = new Subject<ApolloLink.Result>();
    responses.set(operation.operationName ?? '', response);
    return response;
  });
  const client = new ApolloClient({ cache, link: documents.link.concat(server) });
  client.subscribe({ query: WatchDocuments }).subscribe();

  return {
    client,
    documents,
    requestList: () =>
      client.query({ query: DocumentsPage, variables: LIST, fetchPolicy: 'network-only' }),
    requestSearch: () =>
      client.query({ query: SearchPassages, variables: SEARCH, fetchPolicy: 'network-only' }),
    respond: (operation: string, data: Record<string, unknown>) => {
      responses.get(operation)?.next({ data });
      responses.get(operation)?.complete();
    },
    event: (document: Record<string, unknown>) =>
      responses.get('WatchDocuments')?.next({ data: { documentStatus: toEvent(document) } }),
    shown: () => client.readQuery({ query: DocumentsPage, variables: LIST })?.documents,
  };
}

const LIST = { first: 20, after: null, filter: null };
const SEARCH = { query: 'bees', mode: 'HYBRID', first: 10 } as const;

function toDocument(id: string, seq: number, status: string, done = 0) {
  return {
    __typename: 'Document',
    id,
    filename: `${id}.pdf`,
    mimeType: 'application/pdf',
    fileSize: 10,
    status,
    seq,
    generation: 1,
    attempt: 1,
    maxAttempts: 5,
    progress: { __typename: 'Progress', done, total: 8, percent: (100 * done) / 8 },
    error: null,
    vectorCount: done,
    searchable: status === 'COMPLETED',
    priority: 'NORMAL',
    queuePosition: null,
    scheduledFor: null,
    nextAttemptAt: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    startedAt: null,
    processedAt: null,
  };
}

function toEvent(document: Record<string, unknown>) {
  return {
    __typename: 'DocumentStatusEvent',
    kind: 'CHANGE',
    documentId: document['id'],
    seq: document['seq'],
    status: document['status'],
    previousStatus: 'PENDING',
    message: 'a change',
    occurredAt: '2026-01-01T00:00:01.000Z',
    document,
  };
}

function toList(...nodes: Record<string, unknown>[]) {
  return {
    documents: {
      __typename: 'DocumentConnection',
      edges: nodes.map((node) => ({ __typename: 'DocumentEdge', node })),
      pageInfo: { __typename: 'PageInfo', hasNextPage: false, endCursor: null },
      totalCount: nodes.length,
    },
  };
}

function toHits(...documents: Record<string, unknown>[]) {
  return {
    search: documents.map((document) => ({
      __typename: 'SearchHit',
      text: 'bees',
      highlights: [],
      score: 1,
      chunkIndex: 0,
      page: 1,
      document,
    })),
  };
}

describe('a document in a late response', () => {
  it('keeps an event that is newer than a late response', async () => {
    const page = createPage();
    const list = page.requestList();
    page.event(toDocument('a', 3, 'COMPLETED', 8));
    page.respond('DocumentsPage', toList(toDocument('a', 1, 'PENDING')));
    const { data } = await list;

    expect(data?.documents.edges[0]?.node).toMatchObject({
      status: 'COMPLETED',
      seq: 3,
      progress: { done: 8 },
      searchable: true,
    });
    expect(page.shown()?.edges[0]?.node).toMatchObject({ status: 'COMPLETED', seq: 3 });
  });

  it('treats the response with less progress as older within one seq', async () => {
    const page = createPage();
    const list = page.requestList();
    page.event(toDocument('a', 2, 'VECTORIZING', 6));
    page.respond('DocumentsPage', toList(toDocument('a', 2, 'VECTORIZING', 4)));
    await list;

    expect(page.shown()?.edges[0]?.node.progress.done).toBe(6);
  });

  it('takes a response that is newer than the last event, and ignores a late event', async () => {
    const page = createPage();
    page.event(toDocument('a', 1, 'PENDING'));
    const list = page.requestList();
    page.respond('DocumentsPage', toList(toDocument('a', 3, 'COMPLETED', 8)));
    await list;
    page.event(toDocument('a', 2, 'EXTRACTING'));

    expect(page.shown()?.edges[0]?.node.status).toBe('COMPLETED');
  });

  it('takes a new generation although its progress starts at 0', async () => {
    const page = createPage();
    const list = page.requestList();
    page.respond('DocumentsPage', toList(toDocument('a', 3, 'COMPLETED', 8)));
    await list;
    page.event(toDocument('a', 4, 'PENDING', 0));

    expect(page.shown()?.edges[0]?.node).toMatchObject({
      status: 'PENDING',
      progress: { done: 0 },
    });
  });
});

describe('a deleted document', () => {
  it('does not restore a deleted document from a late list', async () => {
    const page = createPage();
    const list = page.requestList();
    page.documents.forget('a');
    page.respond(
      'DocumentsPage',
      toList(toDocument('a', 3, 'COMPLETED', 8), toDocument('b', 1, 'PENDING')),
    );
    await list;

    expect(page.shown()?.edges.map(({ node }) => node.id)).toEqual(['b']);
  });

  it('removes a deleted document from every list at once', async () => {
    const page = createPage();
    const list = page.requestList();
    const search = page.requestSearch();
    page.respond(
      'DocumentsPage',
      toList(toDocument('a', 3, 'COMPLETED', 8), toDocument('b', 3, 'COMPLETED', 8)),
    );
    page.respond(
      'SearchPassages',
      toHits(toDocument('a', 3, 'COMPLETED', 8), toDocument('b', 3, 'COMPLETED', 8)),
    );
    await Promise.all([list, search]);
    page.documents.forget('a');

    expect(page.shown()?.edges.map(({ node }) => node.id)).toEqual(['b']);
    const hits = page.client.readQuery({ query: SearchPassages, variables: SEARCH })?.search;
    expect(hits?.map(({ document }) => document.id)).toEqual(['b']);
  });

  it('leaves out the passages of a deleted document from a late search', async () => {
    const page = createPage();
    const search = page.requestSearch();
    page.documents.forget('a');
    page.respond('SearchPassages', toHits(toDocument('a', 3, 'COMPLETED', 8)));
    const { data } = await search;

    expect(data?.search).toEqual([]);
  });

  it('reports a deleted document as missing in a late response', async () => {
    const page = createPage();
    const query = gql`
      query One {
        document(id: "a") {
          id
          seq
        }
      }
    `;
    const one = page.client.query<{ document: unknown }>({ query, fetchPolicy: 'network-only' });
    page.documents.forget('a');
    page.respond('One', { document: { __typename: 'Document', id: 'a', seq: 3 } });

    expect((await one).data?.document).toBeNull();
  });
});

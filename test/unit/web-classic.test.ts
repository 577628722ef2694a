import type { ClassicClient } from '../../web/src/classic/classic-client.js';
import { createClassicDocuments } from '../../web/src/classic/classic-documents.js';
import { createEventHub } from '../../web/src/classic/events.js';
import { parseMessage, type StatusResponse } from '../../web/src/classic/protocol.js';

/** A classic client without a network. The test emits the events and responds to the requests. */
function createServer() {
  const hub = createEventHub();
  const requests: { id: string; response: PromiseWithResolvers<StatusResponse | null> }[] = [];
  const client: ClassicClient = {
    on: hub.on,
    connect: () => () => undefined,
    upload: () => Promise.reject(new Error('not in this test')),
    status: (id) => {
      const response = Promise.withResolvers<StatusResponse | null>();
      requests.push({ id, response });
      return response.promise;
    },
  };
  return { hub, requests, documents: createClassicDocuments(client) };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
function progress(documentId: string, percent: number) {
  return {
    type: 'job_progress',
    data: { jobId: 'j', documentId, status: 'processing', progress: percent, message: '' },
  } as const;
}
function processed(documentId: string, error: string | null = null) {
  return {
    type: 'document_processed',
    data: {
      documentId,
      filename: `${documentId}.txt`,
      status: error === null ? 'completed' : 'failed',
      error,
      processedAt: '2026-01-01T00:00:09Z',
    },
  } as const;
}
function statusOf(documentId: string, status: StatusResponse['status']): StatusResponse {
  return {
    documentId,
    filename: `${documentId}.txt`,
    status,
    error: null,
    createdAt: '2026-01-01T00:00:00Z',
    startedAt: '2026-01-01T00:00:01Z',
    completedAt: null,
  };
}

describe('the classic list', () => {
  it('lists what the socket reports', () => {
    const { hub, documents } = createServer();
    hub.emit(progress('a', 40));
    hub.emit(processed('b'));
    expect(documents.get().map(({ id, status, percent }) => ({ id, status, percent }))).toEqual([
      { id: 'a', status: 'PROCESSING', percent: 40 },
      { id: 'b', status: 'COMPLETED', percent: 100 },
    ]);
  });

  it('takes the facts, but not the status, from a response older than the last event', async () => {
    const { hub, documents, requests } = createServer();
    hub.emit(progress('a', 40));
    documents.loadMissing(documents.get().slice());
    await nextTurn();
    hub.emit(processed('a'));
    requests[0]?.response.resolve(statusOf('a', 'processing'));
    await nextTurn();
    expect(documents.get()[0]).toMatchObject({
      status: 'COMPLETED',
      createdAt: '2026-01-01T00:00:00Z',
      processedAt: '2026-01-01T00:00:09Z',
    });
  });

  it('requests each fact that the events leave out once', async () => {
    const { hub, documents, requests } = createServer();
    hub.emit(progress('a', 0));
    for (let renders = 0; renders < 3; renders++) documents.loadMissing([...documents.get()]);
    await nextTurn();
    expect(requests.map(({ id }) => id)).toEqual(['a']);
  });

  it('removes an unfinished document that no longer exists after a reconnect', async () => {
    const { hub, documents, requests } = createServer();
    hub.emit(progress('a', 40));
    hub.emit({ type: 'authenticated', data: undefined });
    await nextTurn();
    requests[0]?.response.resolve(null);
    await nextTurn();
    expect(documents.get()).toEqual([]);
  });

  it('shows a cancelled document without an error', () => {
    const { hub, documents } = createServer();
    hub.emit(processed('a', 'cancelled'));
    expect(documents.get()[0]).toMatchObject({ status: 'CANCELLED', error: null });
  });
});

describe('a message of the plain WebSocket', () => {
  it('ignores a message of an unknown type', () => {
    expect(parseMessage('{"type":"something_new","data":{}}')).toBeNull();
    expect(parseMessage('not JSON')).toBeNull();
    expect(parseMessage('{"type":"pong"}')).toEqual({ type: 'pong' });
  });
});

import type { ClassicClient } from '../../web/src/classic/classic-client.js';
import { createClassicDocuments } from '../../web/src/classic/classic-documents.js';
import { createEventHub } from '../../web/src/classic/events.js';
import { parseMessage, type StatusResponse } from '../../web/src/classic/protocol.js';

/**
 * The classic client without a network: events are emitted by hand, and so are the answers about a
 * status.
 */
function createServer() {
  const hub = createEventHub();
  const questions: { id: string; answer: PromiseWithResolvers<StatusResponse | null> }[] = [];
  const client: ClassicClient = {
    on: hub.on,
    connect: () => () => undefined,
    upload: () => Promise.reject(new Error('not in this test')),
    status: (id) => {
      const answer = Promise.withResolvers<StatusResponse | null>();
      questions.push({ id, answer });
      return answer.promise;
    },
  };
  return { hub, questions, documents: createClassicDocuments(client) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const progress = (documentId: string, percent: number) =>
  ({
    type: 'job_progress',
    data: { jobId: 'j', documentId, status: 'processing', progress: percent, message: '' },
  }) as const;
const processed = (documentId: string, error: string | null = null) =>
  ({
    type: 'document_processed',
    data: {
      documentId,
      filename: `${documentId}.txt`,
      status: error === null ? 'completed' : 'failed',
      error,
      processedAt: '2026-01-01T00:00:09Z',
    },
  }) as const;
const statusOf = (documentId: string, status: StatusResponse['status']): StatusResponse => ({
  documentId,
  filename: `${documentId}.txt`,
  status,
  error: null,
  createdAt: '2026-01-01T00:00:00Z',
  startedAt: '2026-01-01T00:00:01Z',
  completedAt: null,
});

test('what the socket reports is the list', () => {
  const { hub, documents } = createServer();
  hub.emit(progress('a', 40));
  hub.emit(processed('b'));
  expect(documents.get().map(({ id, status, percent }) => ({ id, status, percent }))).toEqual([
    { id: 'a', status: 'PROCESSING', percent: 40 },
    { id: 'b', status: 'COMPLETED', percent: 100 },
  ]);
});

test('a status that was asked for before the last event fills in the facts and leaves the status alone', async () => {
  const { hub, documents, questions } = createServer();
  hub.emit(progress('a', 40));
  documents.loadMissing(documents.get().slice());
  await settled();
  hub.emit(processed('a'));
  questions[0]?.answer.resolve(statusOf('a', 'processing'));
  await settled();
  expect(documents.get()[0]).toMatchObject({
    status: 'COMPLETED',
    createdAt: '2026-01-01T00:00:00Z',
    processedAt: '2026-01-01T00:00:09Z',
  });
});

test('what the events do not tell is asked for once', async () => {
  const { hub, documents, questions } = createServer();
  hub.emit(progress('a', 0));
  for (let renders = 0; renders < 3; renders++) documents.loadMissing([...documents.get()]);
  await settled();
  expect(questions.map(({ id }) => id)).toEqual(['a']);
});

test('after a return, what was unfinished and is gone leaves the list', async () => {
  const { hub, documents, questions } = createServer();
  hub.emit(progress('a', 40));
  hub.emit({ type: 'authenticated', data: undefined });
  await settled();
  questions[0]?.answer.resolve(null);
  await settled();
  expect(documents.get()).toEqual([]);
});

test('a cancelled document is no failure', () => {
  const { hub, documents } = createServer();
  hub.emit(processed('a', 'cancelled'));
  expect(documents.get()[0]).toMatchObject({ status: 'CANCELLED', error: null });
});

test('a message of a kind that the page does not know is passed over', () => {
  expect(parseMessage('{"type":"something_new","data":{}}')).toBeNull();
  expect(parseMessage('not JSON')).toBeNull();
  expect(parseMessage('{"type":"pong"}')).toEqual({ type: 'pong' });
});

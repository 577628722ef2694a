import { ProblemError } from '../../web/src/api/problem.js';
import {
  createUploads,
  canRetry,
  type Accepted,
  type SendFile,
} from '../../web/src/upload/uploads.js';

/** A server whose answers the test gives by hand. */
function createServer() {
  const calls: {
    name: string;
    answer: PromiseWithResolvers<Accepted>;
    onSent: (sent: number, total: number) => void;
  }[] = [];
  const send: SendFile = (file, { signal, onSent }) => {
    const answer = Promise.withResolvers<Accepted>();
    signal.addEventListener('abort', () =>
      answer.reject(new DOMException('aborted', 'AbortError')),
    );
    calls.push({ name: file.name, answer, onSent });
    return answer.promise;
  };
  return { calls, send };
}

const file = (name: string, bytes = 4) => new File(['x'.repeat(bytes)], name);
const phases = (uploads: ReturnType<typeof createUploads>) =>
  uploads.get().map(({ state }) => state.phase);
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('no more files are sent at once than allowed, and a free place is taken at once', async () => {
  const { calls, send } = createServer();
  const uploads = createUploads({ send, maxUploadBytes: null, maxParallel: 2 });
  uploads.add([file('a'), file('b'), file('c')]);
  expect(phases(uploads)).toEqual(['sending', 'sending', 'waiting']);
  calls[0]?.answer.resolve({ documentId: '1', duplicateOf: null });
  await settled();
  expect(phases(uploads)).toEqual(['accepted', 'sending', 'sending']);
});

test('progress is of the bytes sent, and all of them sent is not yet accepted', () => {
  const { calls, send } = createServer();
  const uploads = createUploads({ send, maxUploadBytes: null });
  uploads.add([file('a')]);
  calls[0]?.onSent(30, 120);
  expect(uploads.get()[0]?.state).toEqual({ phase: 'sending', percent: 25 });
  calls[0]?.onSent(120, 120);
  expect(phases(uploads)).toEqual(['accepting']);
});

test('an aborted upload frees its place and can be begun again', async () => {
  const { calls, send } = createServer();
  const uploads = createUploads({ send, maxUploadBytes: null, maxParallel: 1 });
  uploads.add([file('a'), file('b')]);
  uploads.abort(uploads.get()[0]?.key ?? 0);
  await settled();
  expect(phases(uploads)).toEqual(['aborted', 'sending']);
  uploads.retry(uploads.get()[0]?.key ?? 0);
  calls[1]?.answer.resolve({ documentId: '2', duplicateOf: null });
  await settled();
  expect(phases(uploads)).toEqual(['sending', 'accepted']);
});

test('a refusal keeps its code, and the next file goes on', async () => {
  const { calls, send } = createServer();
  const uploads = createUploads({ send, maxUploadBytes: null, maxParallel: 1 });
  uploads.add([file('a'), file('b')]);
  calls[0]?.answer.reject(new ProblemError({ code: 'UNSUPPORTED_MEDIA_TYPE', message: 'no' }));
  await settled();
  expect(uploads.get()[0]?.state).toMatchObject({
    phase: 'failed',
    problem: { code: 'UNSUPPORTED_MEDIA_TYPE' },
  });
  expect(phases(uploads)).toEqual(['failed', 'sending']);
});

test('an empty file and one over the limit are refused before a byte is sent', () => {
  const { calls, send } = createServer();
  const uploads = createUploads({ send, maxUploadBytes: 3 });
  uploads.add([file('empty', 0), file('large', 4)]);
  expect(uploads.get().map(({ state }) => state.phase === 'failed' && state.problem.code)).toEqual([
    'EMPTY_FILE',
    'FILE_TOO_LARGE',
  ]);
  expect(calls).toHaveLength(0);
});

test('only what may end differently the next time is offered again', () => {
  expect(canRetry({ phase: 'failed', problem: { code: 'NO_RESPONSE', message: '' } })).toBe(true);
  expect(canRetry({ phase: 'failed', problem: { code: 'EMPTY_FILE', message: '' } })).toBe(false);
});

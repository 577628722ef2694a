import { ProblemError } from '../../web/src/api/problem.js';
import {
  createUploads,
  canRetry,
  type Accepted,
  type SendFile,
} from '../../web/src/upload/uploads.js';

/** A server whose responses the test sends. */
function createServer() {
  const calls: {
    name: string;
    response: PromiseWithResolvers<Accepted>;
    onSent: (sent: number, total: number) => void;
  }[] = [];
  const send: SendFile = (file, { signal, onSent }) => {
    const response = Promise.withResolvers<Accepted>();
    signal.addEventListener('abort', () =>
      response.reject(new DOMException('aborted', 'AbortError')),
    );
    calls.push({ name: file.name, response, onSent });
    return response.promise;
  };
  return { calls, send };
}

const file = (name: string, bytes = 4) => new File(['x'.repeat(bytes)], name);
const phases = (uploads: ReturnType<typeof createUploads>) =>
  uploads.get().map(({ state }) => state.phase);
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('the uploads', () => {
  it('sends as many files at once as allowed, and the next one as soon as one ends', async () => {
    const { calls, send } = createServer();
    const uploads = createUploads({ send, maxUploadBytes: null, maxParallel: 2 });
    uploads.add([file('a'), file('b'), file('c')]);
    expect(phases(uploads)).toEqual(['sending', 'sending', 'waiting']);
    calls[0]?.response.resolve({ documentId: '1', duplicateOf: null });
    await nextTurn();
    expect(phases(uploads)).toEqual(['accepted', 'sending', 'sending']);
  });

  it('reports the bytes sent, and waits for the server after the last of them', () => {
    const { calls, send } = createServer();
    const uploads = createUploads({ send, maxUploadBytes: null });
    uploads.add([file('a')]);
    calls[0]?.onSent(30, 120);
    expect(uploads.get()[0]?.state).toEqual({ phase: 'sending', percent: 25 });
    calls[0]?.onSent(120, 120);
    expect(phases(uploads)).toEqual(['accepting']);
  });

  it('starts the next upload after an abort, and retries the aborted one', async () => {
    const { calls, send } = createServer();
    const uploads = createUploads({ send, maxUploadBytes: null, maxParallel: 1 });
    uploads.add([file('a'), file('b')]);
    uploads.abort(uploads.get()[0]?.key ?? 0);
    await nextTurn();
    expect(phases(uploads)).toEqual(['aborted', 'sending']);
    uploads.retry(uploads.get()[0]?.key ?? 0);
    calls[1]?.response.resolve({ documentId: '2', duplicateOf: null });
    await nextTurn();
    expect(phases(uploads)).toEqual(['sending', 'accepted']);
  });

  it('keeps the code of a rejected file and sends the next one', async () => {
    const { calls, send } = createServer();
    const uploads = createUploads({ send, maxUploadBytes: null, maxParallel: 1 });
    uploads.add([file('a'), file('b')]);
    calls[0]?.response.reject(new ProblemError({ code: 'UNSUPPORTED_MEDIA_TYPE', message: 'no' }));
    await nextTurn();
    expect(uploads.get()[0]?.state).toMatchObject({
      phase: 'failed',
      problem: { code: 'UNSUPPORTED_MEDIA_TYPE' },
    });
    expect(phases(uploads)).toEqual(['failed', 'sending']);
  });

  it('rejects an empty file and one over the limit before it sends a byte', () => {
    const { calls, send } = createServer();
    const uploads = createUploads({ send, maxUploadBytes: 3 });
    uploads.add([file('empty', 0), file('large', 4)]);
    expect(
      uploads.get().map(({ state }) => state.phase === 'failed' && state.problem.code),
    ).toEqual(['EMPTY_FILE', 'FILE_TOO_LARGE']);
    expect(calls).toHaveLength(0);
  });
});

describe('a failed upload', () => {
  it('offers a retry only if the next result may differ', () => {
    expect(canRetry({ phase: 'failed', problem: { code: 'NO_RESPONSE', message: '' } })).toBe(true);
    expect(canRetry({ phase: 'failed', problem: { code: 'EMPTY_FILE', message: '' } })).toBe(false);
  });
});

import { Readable } from 'node:stream';
import { watchMarkedBlobs, type MarkedBlobs } from '../../src/blobs/marked-blobs.js';
import type { BlobStore } from '../../src/documents/ports.js';
import { ApiError, ProcessingFailure } from '../../src/errors.js';
import { makeLogger } from '../support/make-logger.js';
import { eventually } from '../support/wait.js';

const unavailable = new ApiError('DEPENDENCY_UNAVAILABLE', 'The store at BLOB_URL has no marker.');

let hasMarker: boolean;
let files: Map<string, string>;
let marked: MarkedBlobs;
let logger: ReturnType<typeof makeLogger>;

const store: BlobStore = {
  write: async (key) => void files.set(key, 'content'),
  read: async (key) => {
    if (!files.has(key)) throw new ProcessingFailure('BLOB_MISSING', 'gone');
    return Readable.from(['content']);
  },
  remove: async (key) => void files.delete(key),
};

beforeEach(() => {
  hasMarker = true;
  files = new Map();
  logger = makeLogger();
  const marker = {
    write: async () => undefined,
    check: async () => (hasMarker ? undefined : Promise.reject(unavailable)),
  };
  marked = watchMarkedBlobs({ blobs: store, marker, logger, checkEveryMs: 5 });
});
afterEach(() => marked.stop());

async function loseMarker(): Promise<void> {
  hasMarker = false;
  await eventually(() => !marked.isMarked());
}

it('passes every call on while the store bears the marker', async () => {
  await marked.blobs.write('key', Readable.from([Buffer.from('content')]));
  await marked.blobs.read('key');
  await marked.blobs.remove('key');
  await expect(marked.blobs.read('key')).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  expect(logger.lines).toEqual([]);
});

it('rejects writes and removals without the marker, and logs its loss and its return once', async () => {
  files.set('key', 'content');
  await loseMarker();
  await expect(marked.blobs.write('other', Readable.from([]))).rejects.toMatchObject({
    code: 'DEPENDENCY_UNAVAILABLE',
  });
  await expect(marked.blobs.remove('key')).rejects.toMatchObject({
    code: 'DEPENDENCY_UNAVAILABLE',
  });
  await expect(marked.check()).rejects.toBe(unavailable);
  expect([...files.keys()]).toEqual(['key']);
  hasMarker = true;
  await eventually(() => marked.isMarked());
  expect(logger.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
});

it('does not report a file as missing from the wrong store, even before it notices the loss of the marker', async () => {
  hasMarker = false;
  await expect(marked.blobs.read('key')).rejects.toMatchObject({
    code: 'INTERNAL',
    retryable: true,
    cause: unavailable,
  });
});

import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { StatusEvent } from '../../src/documents/document.js';
import type {
  Accepted,
  DocumentStore,
  FormatDetector,
  NewDocument,
} from '../../src/documents/ports.js';
import { toChangeEvent } from '../../src/documents/status.js';
import { createUploadDocument, type UploadOptions } from '../../src/documents/upload-document.js';
import { createFakeBlobs, type FakeBlobs } from '../support/fake-parts.js';
import { makeDocument } from '../support/make-document.js';

const alice = { id: 'alice', email: null, isAdmin: false, expiresAt: null };
const LIMIT = 1_000;

/** Returns a store that accepts every content once. */
function createAcceptingStore() {
  const accepted: NewDocument[] = [];
  const accept = async (uploaded: NewDocument): Promise<Accepted> => {
    const same = accepted.find(
      ({ contentHash, userId }) =>
        contentHash === uploaded.contentHash && userId === uploaded.userId && !uploaded.force,
    );
    if (same) return { document: makeDocument(toRow(same)), duplicateOf: same.id };
    accepted.push(uploaded);
    const document = makeDocument(toRow(uploaded));
    return { document, event: toChangeEvent(document, null), duplicateOf: null };
  };
  const findOrphanedBlobs = async (keys: readonly string[]): Promise<string[]> =>
    keys.filter((key) => !accepted.some(({ blobKey }) => blobKey === key));
  return { accepted, accept, findOrphanedBlobs };
}

const toRow = ({ force: _force, ...rest }: NewDocument) => rest;

/** Detects plain text, and no format in content that starts with %. */
const formats: FormatDetector = {
  headBytes: 16,
  mimeTypes: ['text/plain'],
  labels: ['plain text', 'Markdown'],
  detect: async (head) => {
    heads.push(head.length);
    return head[0] === 0x25 ? null : 'text/plain';
  },
};

/** Number of bytes of each detection. */
let heads: number[] = [];
let blobs: FakeBlobs;
let store: ReturnType<typeof createAcceptingStore>;
let notified: StatusEvent[];
beforeEach(() => {
  heads = [];
  blobs = createFakeBlobs();
  store = createAcceptingStore();
  notified = [];
});

function upload(
  content: string | Readable,
  options?: UploadOptions | (() => UploadOptions),
  filename = 'notes.txt',
  maxUploadBytes = LIMIT,
) {
  const notifyCommitted = (events: readonly StatusEvent[]) => void notified.push(...events);
  const uploadDocument = createUploadDocument({
    store: store as unknown as DocumentStore,
    blobs,
    formats,
    notifyCommitted,
    maxUploadBytes,
  });
  const stream =
    typeof content === 'string'
      ? Readable.from(content === '' ? [] : [Buffer.from(content)])
      : content;
  const getOptions = typeof options === 'function' ? options : () => options ?? {};
  return uploadDocument(alice, { filename, content: stream, options: getOptions });
}

/** Expects no file, no row and no notification. */
function expectNothingLeft(): void {
  expect([blobs.contents.size, store.accepted.length, notified.length]).toEqual([0, 0, 0]);
}

const apiError = (code: string, details: object = {}) =>
  expect.objectContaining({ name: 'ApiError', code, details }) as Error;

describe('an upload', () => {
  it.each([
    ['one buffer', [900]],
    ['buffers of one byte', Array<number>(900).fill(1)],
    ['a first buffer that is nearly enough', [15, 885]],
  ])(
    'passes only the first bytes to the detector and stores all bytes, in %s',
    async (_, sizes) => {
      const text = 'x'.repeat(900);
      let at = 0;
      await upload(Readable.from(sizes.map((size) => Buffer.from(text.slice(at, (at += size))))));
      expect(heads).toEqual([formats.headBytes]);
      expect([...blobs.contents.values()].map(String)).toEqual([text]);
    },
  );

  it('stores the whole file and accepts a document with its properties', async () => {
    const text = 'A text that is longer than its head is.';
    const { document, duplicateOf } = await upload(text, { priority: 'HIGH' }, '../path/notes.txt');
    expect(duplicateOf).toBeNull();
    expect(document).toMatchObject({
      filename: 'notes.txt',
      mimeType: 'text/plain',
      fileSize: text.length,
      priority: 'HIGH',
      userId: 'alice',
    });
    expect(document.contentHash).toBe(createHash('sha256').update(text).digest('hex'));
    expect(String(blobs.contents.get(document.blobKey))).toBe(text);
  });

  it('notifies of the document once it is accepted', async () => {
    const { document } = await upload('text');
    expect(notified).toEqual([
      expect.objectContaining({ documentId: document.id, status: 'PENDING', seq: 1 }),
    ]);
  });

  it('stores the same file from many small buffers', async () => {
    const text = 'In pieces of one byte each.';
    const { document } = await upload(Readable.from([...text].map((byte) => Buffer.from(byte))));
    expect(document.contentHash).toBe(createHash('sha256').update(text).digest('hex'));
    expect(document.fileSize).toBe(text.length);
  });

  it('reads its options after the content, because they may follow the file', async () => {
    let ended = false;
    const content = Readable.from([Buffer.from('text')]).once('end', () => (ended = true));
    await upload(content, () => ({ priority: ended ? 'LOW' : 'HIGH' }));
    expect(store.accepted[0]?.priority).toBe('LOW');
  });

  it('keeps a schedule in the future and drops one in the past', async () => {
    const future = new Date(Date.now() + 60_000);
    await upload('one', { scheduledFor: future });
    await upload('two', { scheduledFor: new Date(Date.now() - 60_000) });
    expect(store.accepted.map(({ scheduledFor }) => scheduledFor)).toEqual([future, null]);
  });
});

describe('a rejected upload, which leaves neither file nor row,', () => {
  it('fails with EMPTY_FILE if it has no bytes', async () => {
    await expect(upload('')).rejects.toEqual(apiError('EMPTY_FILE'));
    expectNothingLeft();
  });

  it('fails with FILE_TOO_LARGE and the limit if it has more bytes', async () => {
    await expect(upload('x'.repeat(LIMIT + 1))).rejects.toEqual(
      apiError('FILE_TOO_LARGE', { limit: LIMIT }),
    );
    expectNothingLeft();
  });

  it.each([
    [1_000, '1000 bytes'],
    [1024 * 1024, '1 MiB'],
    [1.5 * 1024 * 1024, '1.5 MiB'],
  ])('names the limit of %d bytes as %s', async (limit, text) => {
    await expect(upload('x'.repeat(limit + 1), {}, 'notes.txt', limit)).rejects.toThrow(
      `The file exceeds the limit of ${text}.`,
    );
  });

  it('fails with FILE_TOO_LARGE on an endless stream, and does not read the rest', async () => {
    let read = 0;
    function* endless(): Generator<Buffer> {
      for (;;) yield Buffer.alloc((read += 100) && 100, 'x');
    }
    const content = Readable.from(endless(), { highWaterMark: 1 });
    await expect(upload(content)).rejects.toEqual(apiError('FILE_TOO_LARGE', { limit: LIMIT }));
    expect(read).toBeLessThan(3 * LIMIT);
    expect(content.destroyed).toBe(true);
    expectNothingLeft();
  });

  it('succeeds with exactly as many bytes as the limit', async () => {
    await expect(upload('x'.repeat(LIMIT))).resolves.toMatchObject({
      document: { fileSize: LIMIT },
    });
  });

  it('fails with UNSUPPORTED_MEDIA_TYPE and the supported types, and stores no file', async () => {
    blobs.write = () => Promise.reject(new Error('was stored'));
    await expect(upload('%binary')).rejects.toEqual(apiError('UNSUPPORTED_MEDIA_TYPE'));
    await expect(upload('%binary')).rejects.toThrow(
      'notes.txt is not a supported file type. Supported types: plain text, Markdown.',
    );
    expectNothingLeft();
  });

  it.each([0, 1, 5])(
    'fails with BAD_USER_INPUT if it is interrupted after %d buffers',
    async (pieces) => {
      function* breaking(): Generator<Buffer> {
        for (let piece = 0; piece < pieces; piece += 1) yield Buffer.from('some words and more');
        throw new Error('ECONNRESET: aborted');
      }
      await expect(upload(Readable.from(breaking()))).rejects.toEqual(
        apiError('BAD_USER_INPUT', { field: 'file' }),
      );
      expectNothingLeft();
    },
  );

  it('fails with the error of its options', async () => {
    const wrong = () => {
      throw new Error('wrong options');
    };
    await expect(upload('text', wrong)).rejects.toThrow('wrong options');
    expectNothingLeft();
  });

  it('fails with BAD_USER_INPUT for a year that the database does not accept', async () => {
    await expect(upload('text', { scheduledFor: new Date(8.64e15) })).rejects.toEqual(
      apiError('BAD_USER_INPUT', { field: 'scheduledFor' }),
    );
    expectNothingLeft();
  });

  it('fails with the error of the database', async () => {
    store.accept = () => Promise.reject(new Error('no database'));
    await expect(upload('text')).rejects.toThrow('no database');
    expectNothingLeft();
  });
});

describe('an upload whose transaction is committed although the response is lost', () => {
  it('keeps the file, which the row refers to', async () => {
    const { accept } = store;
    store.accept = async (uploaded) => {
      await accept(uploaded);
      throw new Error('connection lost');
    };
    await expect(upload('text')).rejects.toThrow('connection lost');
    expect([...blobs.contents.keys()]).toEqual(store.accepted.map(({ blobKey }) => blobKey));
  });
});

describe('an upload of bytes that the user already has', () => {
  it('returns the document with these bytes, and deletes its own file', async () => {
    const { document } = await upload('the same');
    const again = await upload('the same');
    expect(again).toMatchObject({ document: { id: document.id }, duplicateOf: document.id });
    expect([...blobs.contents.keys()]).toEqual([document.blobKey]);
    expect(notified).toHaveLength(1);
  });

  it('creates one document of concurrent uploads, and deletes the other files', async () => {
    const results = await Promise.all(Array.from({ length: 5 }, () => upload('the same')));
    expect(results.filter(({ duplicateOf }) => duplicateOf === null)).toHaveLength(1);
    expect(blobs.contents.size).toBe(1);
  });

  it('creates another document if that is forced', async () => {
    await upload('the same');
    expect((await upload('the same', { force: true })).duplicateOf).toBeNull();
    expect(blobs.contents.size).toBe(2);
  });
});

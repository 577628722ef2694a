import { createHash, randomUUID, type Hash } from 'node:crypto';
import { ApiError } from '../errors.js';
import type { Document, Priority } from './document.js';
import { toSafeFilename } from './filename.js';
import type { NotifyCommitted } from './commit-notifier.js';
import type { BlobStore, DocumentStore, FormatDetector, Viewer } from './ports.js';

export interface Upload {
  filename: string;
  content: AsyncIterable<Buffer>;
  /** Asked for when the content has been read: in a multipart body they may come after the file. */
  options?: () => UploadOptions;
}

export interface UploadOptions {
  priority?: Priority;
  scheduledFor?: Date | null;
  force?: boolean;
}

export interface UploadResult {
  document: Document;
  /** Id of the document that has the same bytes already; then no work is done. */
  duplicateOf: string | null;
}

export type UploadDocument = (viewer: Viewer, upload: Upload) => Promise<UploadResult>;

interface Dependencies {
  store: DocumentStore;
  blobs: BlobStore;
  formats: FormatDetector;
  notifyCommitted: NotifyCommitted;
  maxUploadBytes: number;
}

/**
 * Streams a file to the blob store, hashing it on the way, then writes row, event and outbox in one
 * transaction. Memory does not grow with the file. Whatever goes wrong, neither file nor row is
 * left. Throws EMPTY_FILE, FILE_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, BAD_USER_INPUT (the upload broke
 * off).
 */
export function createUploadDocument(dependencies: Dependencies): UploadDocument {
  const { store, blobs, notifyCommitted } = dependencies;

  async function uploadDocument(viewer: Viewer, upload: Upload): Promise<UploadResult> {
    const id = randomUUID();
    const blob = await storeBlob(dependencies, id, upload);
    try {
      const { priority = 'NORMAL', scheduledFor = null, force = false } = upload.options?.() ?? {};
      const document = {
        id,
        userId: viewer.id,
        jobId: randomUUID(),
        blobKey: id,
        ...blob,
        priority,
        scheduledFor: notBefore(scheduledFor),
        force,
      };
      const accepted = await store.accept(document);
      if (accepted.duplicateOf === null) notifyCommitted([accepted.event]);
      else await blobs.remove(id);
      return { document: accepted.document, duplicateOf: accepted.duplicateOf };
    } catch (error) {
      await removeUnlessAccepted(id);
      throw error;
    }
  }

  /**
   * A commit whose answer was lost may have been made: the file goes only when the database says
   * that no row names it.
   */
  async function removeUnlessAccepted(key: string): Promise<void> {
    const unknown = await store.findOrphanedBlobs([key]).catch((): string[] => []);
    if (unknown.includes(key)) await blobs.remove(key);
  }

  return uploadDocument;
}

const LATEST = new Date('9999-12-31T23:59:59.999Z');

/** A time that has passed is now. JavaScript knows years that no database takes. */
function notBefore(scheduledFor: Date | null): Date | null {
  if (scheduledFor === null || scheduledFor.getTime() <= Date.now()) return null;
  if (scheduledFor <= LATEST) return scheduledFor;
  throw new ApiError('BAD_USER_INPUT', 'scheduledFor is after the year 9999.', {
    field: 'scheduledFor',
  });
}

interface StoredBlob {
  filename: string;
  mimeType: string;
  fileSize: number;
  contentHash: string;
}

async function storeBlob(
  dependencies: Dependencies,
  key: string,
  { filename, content }: Upload,
): Promise<StoredBlob> {
  const { blobs, formats, maxUploadBytes } = dependencies;
  const safeName = toSafeFilename(filename);
  const source = content[Symbol.asyncIterator]();
  try {
    const start = await readStart(source, formats.headBytes);
    if (start.length === 0) throw new ApiError('EMPTY_FILE', 'The file is empty.');
    const mimeType = await formats.detect(start.subarray(0, formats.headBytes), safeName);
    if (mimeType === null) throw unsupported(safeName);
    const meter = { hash: createHash('sha256'), bytes: 0, maxUploadBytes };
    await blobs.write(key, metered(meter, start, source));
    return {
      filename: safeName,
      mimeType,
      fileSize: meter.bytes,
      contentHash: meter.hash.digest('hex'),
    };
  } finally {
    // Not waited for: it ends after the part that may be on its way, and the client decides when
    // that comes.
    void source.return?.().catch(() => undefined);
  }
}

function unsupported(filename: string): ApiError {
  return new ApiError(
    'UNSUPPORTED_MEDIA_TYPE',
    `${filename} is none of the formats that are read: pdf, docx, pptx, xlsx, odt, html, markdown, plain text, csv, json.`,
  );
}

/** At least `wanted` bytes if there are as many; the last part that came is kept whole. */
async function readStart(source: AsyncIterator<Buffer>, wanted: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let length = 0; length < wanted;) {
    const next = await readNext(source);
    if (next === null) break;
    parts.push(next);
    length += next.length;
  }
  return Buffer.concat(parts);
}

interface Meter {
  hash: Hash;
  bytes: number;
  maxUploadBytes: number;
}

async function* metered(
  meter: Meter,
  start: Buffer,
  source: AsyncIterator<Buffer>,
): AsyncGenerator<Buffer> {
  for (let part: Buffer | null = start; part !== null; part = await readNext(source)) {
    meter.bytes += part.length;
    if (meter.bytes > meter.maxUploadBytes) throw tooLarge(meter.maxUploadBytes);
    meter.hash.update(part);
    yield part;
  }
}

function tooLarge(limit: number): ApiError {
  return new ApiError(
    'FILE_TOO_LARGE',
    `The file is larger than the ${limit} bytes that are taken.`,
    { limit },
  );
}

/**
 * A client that goes away in mid-upload ends the stream with an error of the HTTP library: said in
 * our words.
 */
async function readNext(source: AsyncIterator<Buffer>): Promise<Buffer | null> {
  try {
    const next = await source.next();
    return next.done === true ? null : next.value;
  } catch (error) {
    throw error instanceof ApiError
      ? error
      : new ApiError(
          'BAD_USER_INPUT',
          'The upload broke off: send it again.',
          { field: 'file' },
          { cause: error },
        );
  }
}

import { createHash, randomUUID, type Hash } from 'node:crypto';
import { ApiError } from '../errors.js';
import { readHead, replay } from '../runtime/replay.js';
import type { NotifyCommitted } from './commit-notifier.js';
import type { Document, Priority } from './document.js';
import { toSafeFilename } from './filename.js';
import type { BlobStore, DocumentStore, FormatDetector, Viewer } from './ports.js';

export interface Upload {
  filename: string;
  content: AsyncIterable<Buffer>;
  /** Called when the content is read: in a multipart body, the options may follow the file. */
  options?: () => UploadOptions;
}

export interface UploadOptions {
  priority?: Priority;
  scheduledFor?: Date | null;
  force?: boolean;
}

export interface UploadResult {
  document: Document;
  /** Id of the older document with the same bytes, which is not processed again; null if none. */
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
 * Uploads a file: streams it to the blob store while it computes the hash, then writes row, event
 * and outbox row in one transaction. Memory does not grow with the file. If the upload fails,
 * neither file nor row remains. Throws EMPTY_FILE, FILE_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, and
 * BAD_USER_INPUT if the upload was interrupted.
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
        scheduledFor: toSchedule(scheduledFor),
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
   * Deletes the file if the database confirms that no row refers to it: a transaction whose
   * response was lost may be committed.
   */
  async function removeUnlessAccepted(key: string): Promise<void> {
    const orphaned = await store.findOrphanedBlobs([key]).catch((): string[] => []);
    if (orphaned.includes(key)) await blobs.remove(key);
  }

  return uploadDocument;
}

/** JavaScript has dates beyond those that the database accepts. */
const LATEST = new Date('9999-12-31T23:59:59.999Z');

/** Returns null, which means now, for a time in the past. */
function toSchedule(scheduledFor: Date | null): Date | null {
  if (scheduledFor === null || scheduledFor.getTime() <= Date.now()) return null;
  if (scheduledFor <= LATEST) return scheduledFor;
  throw new ApiError('BAD_USER_INPUT', 'scheduledFor must not be after the year 9999.', {
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
    const readable = translateErrors(source);
    const { buffers } = await readHead(readable, { minBytes: formats.headBytes });
    const head = Buffer.concat(buffers);
    if (head.length === 0)
      throw new ApiError('EMPTY_FILE', 'The file is empty. Upload a file that has content.');
    const mimeType = await formats.detect(head.subarray(0, formats.headBytes), safeName);
    if (mimeType === null) throw unsupported(safeName, formats.labels);
    const meter = { hash: createHash('sha256'), bytes: 0, maxUploadBytes };
    await blobs.write(key, measureBytes(meter, replay([head], readable)));
    return {
      filename: safeName,
      mimeType,
      fileSize: meter.bytes,
      contentHash: meter.hash.digest('hex'),
    };
  } finally {
    // Not awaited: it resolves only after a pending read, which the client can delay.
    void source.return?.().catch(() => undefined);
  }
}

function unsupported(filename: string, labels: readonly string[]): ApiError {
  return new ApiError(
    'UNSUPPORTED_MEDIA_TYPE',
    `${filename} is not a supported file type. Supported types: ${labels.join(', ')}.`,
  );
}

interface Meter {
  hash: Hash;
  bytes: number;
  maxUploadBytes: number;
}

/** Yields the content, and adds it to the meter. Throws FILE_TOO_LARGE. */
async function* measureBytes(meter: Meter, content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const buffer of content) {
    meter.bytes += buffer.length;
    if (meter.bytes > meter.maxUploadBytes) throw tooLarge(meter.maxUploadBytes);
    meter.hash.update(buffer);
    yield buffer;
  }
}

function tooLarge(limit: number): ApiError {
  return new ApiError('FILE_TOO_LARGE', `The file exceeds the limit of ${formatBytes(limit)}.`, {
    limit,
  });
}

const MIB = 1024 * 1024;

/** Returns a size as people read it: in MiB if that is exact, otherwise in bytes. */
function formatBytes(bytes: number): string {
  const mebibytes = Math.round((bytes / MIB) * 10) / 10;
  return mebibytes * MIB === bytes ? `${mebibytes} MiB` : `${bytes} bytes`;
}

/**
 * Replaces the error of the HTTP library, which ends the stream when the client disconnects. The
 * returned iterator cannot end the source.
 */
function translateErrors(source: AsyncIterator<Buffer>): AsyncIterator<Buffer> {
  return {
    next: async () => {
      try {
        return await source.next();
      } catch (error) {
        throw error instanceof ApiError ? error : interrupted(error);
      }
    },
  };
}

function interrupted(cause: unknown): ApiError {
  return new ApiError(
    'BAD_USER_INPUT',
    'The upload was interrupted. Upload the file again.',
    { field: 'file' },
    { cause },
  );
}

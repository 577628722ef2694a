/**
 * A blob store that is used only while it bears the installation's marker. Without it, as when a
 * folder is unmounted under a running process, a missing file proves nothing: no document fails for
 * it, no upload goes astray, and no work is claimed.
 */
import { createBackgroundTask } from '../runtime/background-task.js';
import type { BlobStore } from '../documents/ports.js';
import { ApiError, ProcessingFailure } from '../errors.js';
import type { InstallationMarker } from './installation-marker.js';

export interface MarkedBlobs {
  blobs: BlobStore;
  /** Whether the marker was there when it was last looked for, at most 5 s ago. */
  isMarked(): boolean;
  /** Looks for the marker now. Rejects when it is not there. */
  check(): Promise<void>;
  stop(): Promise<void>;
}

interface Dependencies {
  blobs: BlobStore;
  marker: InstallationMarker;
  logger: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
  checkEveryMs?: number;
}

const CHECK_EVERY_MS = 5_000;

export function watchMarkedBlobs({
  blobs,
  marker,
  logger,
  checkEveryMs = CHECK_EVERY_MS,
}: Dependencies): MarkedBlobs {
  let isMarked = true;

  async function check(): Promise<void> {
    try {
      await marker.check();
    } catch (error) {
      if (isMarked)
        logger.warn(
          { err: error },
          'failed to find the marker in the blob store; no work is claimed until it is there',
        );
      isMarked = false;
      throw error;
    }
    if (!isMarked) logger.info({}, 'found the marker in the blob store again');
    isMarked = true;
  }

  const task = createBackgroundTask({
    name: 'blob store marker',
    tickMs: checkEveryMs,
    logger,
    run: () => check().then(isIdle, isIdle),
  });
  task.start();

  function assertMarked(): void {
    if (!isMarked)
      throw new ApiError(
        'DEPENDENCY_UNAVAILABLE',
        'The blob store is not available; try again later.',
      );
  }

  return {
    blobs: {
      write: async (key, content) => {
        assertMarked();
        await blobs.write(key, content);
      },
      read: (key) => blobs.read(key).catch((error: unknown) => failedRead(error, check)),
      remove: async (key) => {
        assertMarked();
        await blobs.remove(key);
      },
    },
    isMarked: () => isMarked,
    check,
    stop: () => task.stop(),
  };
}

const isIdle = () => false;

/** A file that is missing from the wrong store may be there in the right one. */
async function failedRead(error: unknown, check: () => Promise<void>): Promise<never> {
  if (!(error instanceof ProcessingFailure) || error.code !== 'BLOB_MISSING') throw error;
  const wrongStore = await check().then(
    () => null,
    (reason: unknown) => ({ reason }),
  );
  if (wrongStore === null) throw error;
  throw new ProcessingFailure('INTERNAL', 'The blob store is not available; it is retried.', {
    cause: wrongStore.reason,
  });
}

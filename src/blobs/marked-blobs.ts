/**
 * A blob store that is used only while it bears the installation's marker. Without the marker, for
 * example after a folder was unmounted, a missing file may exist in the right store. Then no
 * document fails because of a missing file, no upload is accepted, and no work is claimed.
 */
import { createBackgroundTask } from '../runtime/background-task.js';
import type { BlobStore } from '../documents/ports.js';
import { ApiError, ProcessingFailure } from '../errors.js';
import type { Logger } from '../runtime/logger.js';
import type { InstallationMarker } from './installation-marker.js';

export interface MarkedBlobs {
  blobs: BlobStore;
  /** Returns whether the last check found the marker, at most 5 s ago. */
  isMarked(): boolean;
  /** Reads the marker now. Rejects if it is missing. */
  check(): Promise<void>;
  stop(): Promise<void>;
}

interface Dependencies {
  blobs: BlobStore;
  marker: InstallationMarker;
  logger: Pick<Logger, 'info' | 'warn'>;
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
          'failed to find the marker in the blob store; no work is claimed until it is found',
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
        'The blob store is unavailable; try again later.',
      );
  }

  return {
    blobs: {
      write: async (key, content) => {
        assertMarked();
        await blobs.write(key, content);
      },
      read: (key) => blobs.read(key).catch((error: unknown) => toReadFailure(error, check)),
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

/** The background task waits for its next tick. */
const isIdle = () => false;

/** Checks the marker before a file counts as missing: the right store may hold it. */
async function toReadFailure(error: unknown, check: () => Promise<void>): Promise<never> {
  if (!(error instanceof ProcessingFailure) || error.code !== 'BLOB_MISSING') throw error;
  const wrongStore = await check().then(
    () => null,
    (reason: unknown) => ({ reason }),
  );
  if (wrongStore === null) throw error;
  throw new ProcessingFailure('INTERNAL', 'The blob store is unavailable; it is retried.', {
    cause: wrongStore.reason,
  });
}

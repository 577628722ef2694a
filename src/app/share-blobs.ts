/**
 * Guards the blob store of a cluster: it is used only while it has the marker of this installation.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createInstallationMarker, type InstallationMarker } from '../blobs/installation-marker.js';
import { watchMarkedBlobs } from '../blobs/marked-blobs.js';
import type { BlobStore, DocumentStore } from '../documents/ports.js';
import type { Database } from '../postgres/database.js';
import { createInstallation } from '../postgres/installation.js';
import type { Logger } from '../runtime/logger.js';
import type { AppContext } from './app-context.js';
import type { Adapters } from './open-adapters.js';

const MARKER_GRACE_MS = 10_000;
const CHECK_EVERY_MS = 250;

interface UnmarkedAdapters {
  database: Database;
  store: DocumentStore;
  blobs: BlobStore;
  /** True if this process may write the marker to a store that has none yet. */
  marksBlobs: boolean;
}

/**
 * Wraps the blob store and the document store. All processes must see the same files: a process
 * that does not is not ready, logs the reason, and claims no document.
 */
export async function shareBlobs(
  { logger, resources, readiness }: AppContext,
  { database, store, blobs, marksBlobs }: UnmarkedAdapters,
): Promise<Pick<Adapters, 'store' | 'blobs'>> {
  const marker = createInstallationMarker({
    blobs,
    installation: createInstallation({ database }),
  });
  await readiness.open('blob marker', () =>
    marksBlobs ? marker.write().then(marker.check) : waitForMarker(marker, logger),
  );
  const marked = watchMarkedBlobs({ blobs, marker, logger });
  resources.push('blob marker', () => marked.stop());
  readiness.add({ name: 'blob marker', check: () => marked.check() });
  const claim: DocumentStore['claim'] = async (options) =>
    marked.isMarked() ? store.claim(options) : { claims: [], events: [] };
  return { blobs: marked.blobs, store: { ...store, claim } };
}

/**
 * Waits for the marker without a warning at first: if all processes start at the same time, the API
 * writes it a few seconds after the workers look for it.
 */
async function waitForMarker(marker: InstallationMarker, logger: Logger): Promise<void> {
  const deadline = performance.now() + MARKER_GRACE_MS;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await marker.check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      if (attempt === 1)
        logger.info(
          { err: error },
          'waiting for the API to write the marker of this installation to the blob store',
        );
    }
    await sleep(CHECK_EVERY_MS);
  }
}

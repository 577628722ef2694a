/** The blob store of many processes: used only while it bears the marker of this installation. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createInstallationMarker, type InstallationMarker } from '../blobs/installation-marker.js';
import { watchMarkedBlobs } from '../blobs/marked-blobs.js';
import type { BlobStore, DocumentStore } from '../documents/ports.js';
import type { Database } from '../postgres/database.js';
import { createInstallation } from '../postgres/installation.js';
import type { Logger } from '../runtime/logger.js';
import type { Adapters, AppContext } from './open-adapters.js';

const MARKED_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 250;

interface Unshared {
  database: Database;
  store: DocumentStore;
  blobs: BlobStore;
  /** Whether this process may name the installation in a store that bears no name yet. */
  marksBlobs: boolean;
}

/**
 * Many processes must see the same files: one that does not is not ready, says so, and claims no
 * document.
 */
export async function shareBlobs(
  { logger, resources, readiness }: AppContext,
  { database, store, blobs, marksBlobs }: Unshared,
): Promise<Pick<Adapters, 'store' | 'blobs'>> {
  const marker = createInstallationMarker({
    blobs,
    installation: createInstallation({ database }),
  });
  await readiness.open('blob marker', () =>
    marksBlobs ? marker.write().then(marker.check) : untilMarked(marker, logger),
  );
  const marked = watchMarkedBlobs({ blobs, marker, logger });
  resources.push('blob marker', () => marked.stop());
  readiness.add({ name: 'blob marker', check: () => marked.check() });
  const claim: DocumentStore['claim'] = async (options) =>
    marked.isMarked() ? store.claim(options) : { claims: [], events: [] };
  return { blobs: marked.blobs, store: { ...store, claim } };
}

/**
 * Where all start at once, the API marks the store a few seconds later than the workers look for
 * the marker: no reason to warn.
 */
async function untilMarked(marker: InstallationMarker, logger: Logger): Promise<void> {
  const deadline = performance.now() + MARKED_WITHIN_MS;
  for (let look = 1; ; look += 1) {
    try {
      return await marker.check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      if (look === 1)
        logger.info(
          { err: error },
          'waiting for the marker of this installation in the blob store',
        );
    }
    await sleep(LOOK_EVERY_MS);
  }
}

/**
 * The marker: an object in the blob store that holds the installation's id. A process that does not
 * find the marker sees other files than the other processes, for example because its BLOB_URL is a
 * folder of its own machine, or an unmounted folder. Such a process waits.
 *
 * The first API marks the store once, and PostgreSQL records that. Later, a store without a marker
 * is the wrong one, or was emptied.
 */
import { text } from 'node:stream/consumers';
import type { BlobStore, Installation } from '../documents/ports.js';
import { ApiError } from '../errors.js';
import { MARKER_KEY } from './managed-blob-store.js';

export interface InstallationMarker {
  /**
   * Marks the store, unless another one is marked. Throws DEPENDENCY_UNAVAILABLE if the store is
   * marked by another installation.
   */
  write(): Promise<void>;
  /** Throws DEPENDENCY_UNAVAILABLE unless the store bears the marker of this installation. */
  check(): Promise<void>;
}

/** An object with other content, such as an empty one after a power cut, is not a marker. */
const INSTALLATION_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function createInstallationMarker(dependencies: {
  blobs: BlobStore;
  installation: Installation;
}): InstallationMarker {
  const { blobs, installation } = dependencies;
  let installationId: string | undefined;

  async function mark(id: string): Promise<void> {
    const found = await readMarker(blobs);
    if (found === id) return;
    if (found !== null) throw belongsToAnother(found);
    await blobs.remove(MARKER_KEY);
    await blobs.write(MARKER_KEY, once(id));
  }

  return {
    write: () => installation.markOnce(mark),
    check: async () => {
      installationId ??= await installation.id();
      const found = await readMarker(blobs);
      if (found === null) throw markerMissing();
      if (found !== installationId) throw belongsToAnother(found);
    },
  };
}

/** Returns null if there is no marker. */
async function readMarker(blobs: BlobStore): Promise<string | null> {
  try {
    const content = await text(await blobs.read(MARKER_KEY));
    return INSTALLATION_ID.test(content) ? content : null;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'BLOB_MISSING') return null;
    throw error;
  }
}

async function* once(content: string): AsyncGenerator<Buffer> {
  yield Promise.resolve(Buffer.from(content));
}

function markerMissing(): ApiError {
  return new ApiError(
    'DEPENDENCY_UNAVAILABLE',
    `The store at BLOB_URL has no object ${MARKER_KEY}: no API has marked the store yet, ` +
      'or this process does not see the files of the others. ' +
      'Set BLOB_URL to the same store for all processes.',
  );
}

function belongsToAnother(id: string): ApiError {
  return new ApiError(
    'DEPENDENCY_UNAVAILABLE',
    `The store at BLOB_URL belongs to another installation (${id}). ` +
      'Set BLOB_URL to the store of this installation, or to an empty store.',
  );
}

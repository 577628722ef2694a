import type { BlobStore } from '../documents/ports.js';

/** The object that names the installation (installation-marker.ts); no document has this key. */
export const MARKER_KEY = 'docstream-installation';

export interface OpenBlobStore extends BlobStore {
  /** Rejects when the store cannot be reached. */
  check(): Promise<void>;
  /** Resolves when what was being written is there, or gone. */
  stop(): Promise<void>;
}

import type { BlobStore } from '../documents/ports.js';

/** The key of the installation marker (installation-marker.ts); no document has this key. */
export const MARKER_KEY = 'docstream-installation';

/** A blob store that the process opens, checks and stops. */
export interface ManagedBlobStore extends BlobStore {
  /** Rejects if the store is unavailable. */
  check(): Promise<void>;
  /** Resolves when every write has finished or failed. */
  stop(): Promise<void>;
}
